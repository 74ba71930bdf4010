// Runs every node program of docs/clients.md, each in a database of its own of the server that PGHOST and the like name,
// and compares what it prints with the comment behind its last statement.
// usage: node run.mjs CLIENTS_MD      (in a folder with the packages of package.json installed)
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const page = readFileSync(process.argv[2], 'utf8');
const programs = [...page.matchAll(/^## node: (\S+)\n\n```js\n(.*?)^```$/gms)];
const packages = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies).filter((name) => name !== 'pgvector');
const missing = packages.filter((name) => !programs.some(([, program]) => program === name));
let failed = 0;
if (missing.length > 0) {
  console.log(`not ok - docs/clients.md has no program for ${missing.join(', ')}`);
  failed++;
}
const psql = (database, sql) => execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', sql], { encoding: 'utf8' }).trim();
for (const [, name, source] of programs) {
  const database = name.replace(/\W/g, '_');
  const expected = source.match(/\/\/ prints (.*)\n$/)?.[1];
  let printed;
  try {
    writeFileSync(`${database}.mjs`, source);
    psql('postgres', `CREATE DATABASE ${database}`);
    printed = execFileSync('node', [`${database}.mjs`], { encoding: 'utf8', timeout: 60000, env: { ...process.env, PGDATABASE: database } }).trim();
    const indexes = psql(database, "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'");
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
