// Runs the programs of docs/clients.md for node, python and java, each in a database of its own of the server that PGHOST and
// the like name, and compares what it prints with the comment "prints ..." in it. Python and java are skipped where psycopg
// or JDBC's driver (Debian: python3-psycopg; libpostgresql-jdbc-java and a JDK) are not installed.
// usage: node run.mjs CLIENTS_MD      (in a folder with the packages of package.json installed)
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { promisify } from 'node:util';

const page = readFileSync(process.argv[2], 'utf8');
const programs = [...page.matchAll(/^## (node|python|java): (\S+)\n\n```\w+\n(.*?)^```$/gms)]
  .map(([, language, name, source]) => ({ language, name, source }));

async function run(program, args, env = {}) {
  const { stdout } = await promisify(execFile)(program, args, { encoding: 'utf8', timeout: 60000, env: { ...process.env, ...env } });
  return stdout.trim();
}
const psql = (database, sql) => run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', sql]);
const works = (program, args) => run(program, args).then(() => true, () => false);

async function firstThatWorks(candidates, args) {
  for (const candidate of candidates) if (await works(candidate, args)) return candidate;
}
// The one on PATH may be another one than Debian's.
const python = await firstThatWorks(['python3', '/usr/bin/python3'], ['-c', 'import psycopg']);
const driver = '/usr/share/java/postgresql.jar';
const hasJava = existsSync(driver) && await works('javac', ['-version']);

// JDBC knows no Unix sockets.
async function listen() {
  const server = createServer((client) => {
    const postgres = connect(`${process.env.PGHOST}/.s.PGSQL.${process.env.PGPORT}`);
    for (const [from, to] of [[client, postgres], [postgres, client]]) {
      from.on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

// What prepares and runs a program, given its source and a database; nothing where it cannot be run.
const runners = {
  async node(source, database) {
    writeFileSync(`${database}.mjs`, source);
    return run('node', [`${database}.mjs`], { PGDATABASE: database });
  },
  python: python && (async (source, database) => {
    writeFileSync(`program_${database}.py`, source);
    return run(python, [`program_${database}.py`], { PGDATABASE: database });
  }),
  java: hasJava && (async (source, database) => {
    writeFileSync('Nearest.java', source);
    const server = await listen();
    try {
      const url = `jdbc:postgresql://127.0.0.1:${server.address().port}/${database}?user=${process.env.PGUSER}`;
      return await run('java', ['-cp', driver, 'Nearest.java', url]);
    } finally {
      server.close();
    }
  }),
};

let failed = 0;
const packages = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies).filter((name) => name !== 'pgvector');
const expectedPrograms = [...packages.map((name) => ['node', name]), ['python', 'psycopg'], ['java', 'JDBC']];
const missing = expectedPrograms.filter(([language, name]) => !programs.some((p) => p.language === language && p.name === name));
if (missing.length > 0) {
  console.log(`not ok - docs/clients.md has no program for ${missing.map(([, name]) => name).join(', ')}`);
  failed++;
}
for (const { language, name, source } of programs) {
  if (!runners[language]) {
    console.log(`skipped - ${language}: ${name} (not installed)`);
    continue;
  }
  const database = name.toLowerCase().replace(/\W/g, '_');
  const expected = source.match(/(?:\/\/|#) prints (.*)$/m)?.[1];
  let printed;
  try {
    await psql('postgres', `CREATE DATABASE ${database}`);
    printed = await runners[language](source, database);
    const indexes = await psql(database, "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'");
    if (indexes !== '1') printed += ` and has ${indexes} hnsw indexes`;
  } catch (error) {
    printed = `${error.message}\n${error.stderr ?? ''}`;
  }
  if (expected !== undefined && printed === expected) {
    console.log(`ok - ${name}`);
  } else {
    console.log(`not ok - ${name}: prints\n${printed}\nand not\n${expected}`);
    failed++;
  }
}
process.exit(failed > 0 ? 1 : 0);
