# Dump and restore in plain and custom format, binary COPY, another schema, DROP EXTENSION.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql('source', <<'SQL');
CREATE EXTENSION vector;
CREATE DOMAIN embedding AS vector(4) CHECK (vector_norm(VALUE) > 0);
CREATE TABLE items (
  id int PRIMARY KEY,
  v vector(4),
  h halfvec(4),
  d embedding,
  list vector(4)[],
  unit vector(4) GENERATED ALWAYS AS (l2_normalize(v)) STORED,
  loose vector DEFAULT '[1,2]');
INSERT INTO items (id, v, h, d, list)
SELECT i, ARRAY[i, i % 7, i % 11, 1]::vector, ARRAY[i, i % 7, i % 11, 1]::halfvec, ARRAY[i, 1, 1, 1]::vector,
       ARRAY[ARRAY[i, 0, 0, 1]::vector, NULL, '[1e-45,-0,3e38,0.1]'::vector]
FROM generate_series(1, 500) i;
INSERT INTO items (id) VALUES (501);
CREATE INDEX items_l2 ON items USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32);
CREATE INDEX items_half ON items USING hnsw (h halfvec_cosine_ops);
CREATE INDEX items_partial ON items USING hnsw ((v::halfvec(4)) halfvec_l2_ops) WHERE id > 100;
CREATE INDEX items_btree ON items (v);
CREATE INDEX items_hash ON items USING hash (h);
CREATE VIEW nearest AS SELECT id, v <-> '[1,2,3,4]' AS distance FROM items;
CREATE MATERIALIZED VIEW means AS SELECT id % 5 AS part, avg(v) AS mean, sum(h) AS total FROM items GROUP BY 1;
SQL

my $content = 'SELECT * FROM items ORDER BY id; SELECT * FROM means ORDER BY part';
my $indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";
my $search = 'SET enable_seqscan = off; SET hnsw.ef_search = 1000;
  SELECT id FROM items ORDER BY v <-> \'[3,3,3,1]\' LIMIT 20';
my %before = map { $_ => $node->safe_psql('source', $_) } ($content, $indexes, $search);

sub is_restored
{
    my ($database, $name) = @_;
    is($node->safe_psql($database, $content), $before{$content}, "$name: content");
    is($node->safe_psql($database, $indexes), $before{$indexes}, "$name: index definitions");
    is($node->safe_psql($database, $search), $before{$search}, "$name: an index search finds the same rows");
}

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", $node->connstr('source') ], 'plain dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.sql", $node->connstr('plain') ],
    'plain restore');
is_restored('plain', 'plain');

$node->safe_psql('postgres', 'CREATE DATABASE custom');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", $node->connstr('source') ], 'custom dump');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('custom'), "$dump.custom" ], 'custom restore');
is_restored('custom', 'custom');

$node->command_ok([ 'pg_dump', '-f', "$dump.again", $node->connstr('custom') ], 'dump of the restored database');
# From PostgreSQL's 2025 minor releases on, a dump carries a random \restrict key.
my @dumps = map { my $text = slurp_file($_); $text =~ s/^\\(un)?restrict .*\n//mg; $text } ("$dump.sql", "$dump.again");
is($dumps[1], $dumps[0], 'the second dump is the first');

# Binary COPY.
$node->safe_psql('source', "COPY (SELECT id, v, h, list FROM items ORDER BY id) TO '$dump.binary' (FORMAT binary)");
$node->safe_psql('source', "CREATE TABLE copied (id int, v vector(4), h halfvec(4), list vector(4)[]);
  COPY copied FROM '$dump.binary' (FORMAT binary)");
is($node->safe_psql('source', 'SELECT count(*) FROM copied c JOIN items i USING (id)
     WHERE c.v IS NOT DISTINCT FROM i.v AND c.h IS NOT DISTINCT FROM i.h AND c.list::text IS NOT DISTINCT FROM i.list::text'),
    501, 'binary COPY keeps every value');

# Another schema, not on the search path.
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$node->safe_psql('elsewhere', 'CREATE SCHEMA other; CREATE EXTENSION vector SCHEMA other');
is($node->safe_psql('elsewhere', q{
     CREATE TABLE t (id int, v other.vector(3));
     INSERT INTO t VALUES (1, '[1,2,3]'), (2, '[4,5,6]'), (3, NULL);
     CREATE INDEX ON t USING hnsw (v other.vector_cosine_ops);
     SET enable_seqscan = off;
     SELECT id FROM t ORDER BY v OPERATOR(other.<=>) '[4,5,6]' LIMIT 1;
     SELECT other.avg(v) FROM t}),
    "2\n[2.5,3.5,4.5]", 'the extension works in another schema');
is($node->safe_psql('elsewhere', 'ALTER EXTENSION vector SET SCHEMA public; SELECT v <-> \'[1,2,3]\' FROM t WHERE id = 1'),
    '0', 'and can be moved to a third');

# DROP EXTENSION.
my ($status, $out, $err) = $node->psql('elsewhere', 'DROP EXTENSION vector');
isnt($status, 0, 'DROP EXTENSION without CASCADE is refused while a table uses it');
$node->safe_psql('elsewhere', 'DROP EXTENSION vector CASCADE');
is($node->safe_psql('elsewhere', q{
     SELECT count(*) FROM pg_proc WHERE probin LIKE '%vector%';
     SELECT count(*) FROM pg_type WHERE typname LIKE '%vec%' AND typname NOT IN
       ('tsvector', '_tsvector', 'gtsvector', '_gtsvector', 'int2vector', '_int2vector', 'oidvector', '_oidvector');
     SELECT count(*) FROM pg_am WHERE amname = 'hnsw';
     SELECT count(*) FROM pg_opclass WHERE opcname LIKE '%vec%_ops' AND opcname NOT IN ('tsvector_ops', 'oidvector_ops');
     SELECT count(*) FROM pg_opfamily WHERE opfname LIKE '%vec%_ops' AND opfname NOT IN ('tsvector_ops', 'oidvector_ops');
     SELECT count(*) FROM pg_operator WHERE oprname IN ('<=>', '<#>', '<+>');
     SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped}),
    "0\n0\n0\n0\n0\n0\nid", 'DROP EXTENSION CASCADE leaves nothing');
$node->safe_psql('elsewhere', 'CREATE EXTENSION vector');

done_testing();
