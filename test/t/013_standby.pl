# A hot standby has the same index: every change is replayed to the same bytes (wal_consistency_checking), scans give
# the same answers, also while changes arrive, and after promotion the index goes on.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Page images in every record make much WAL: keep what the standby has not fetched yet.
my $primary =
	started_node('primary', "wal_consistency_checking = 'generic'\nwal_keep_size = 4GB\n", allows_streaming => 1);
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\nwal_consistency_checking = 'generic'\n");
$standby->start;

my $query = q('[1,0,-1,0.5,0,0,1,0]');

# Every index answers on the standby as on the primary, and as a sequential scan.
sub same_on_standby
{
	my ($name) = @_;
	$primary->wait_for_catchup($standby);
	foreach my $opclass (sort keys %operator_of)
	{
		my $statement = by_index_only(200) . nearest($operator_of{$opclass}, $query, 100);
		my $expected = $primary->safe_psql('postgres', $statement);
		is($standby->safe_psql('postgres', $statement), $expected, "$name: same answer, $opclass");
	}
	my $bytes = q(SELECT md5(string_agg(pg_relation_size(indexrelid)::text, ',' ORDER BY indexrelid)) FROM pg_index WHERE indrelid = 'items'::regclass);
	is($standby->safe_psql('postgres', $bytes), $primary->safe_psql('postgres', $bytes), "$name: same size");
	all_indexes_are_sound($standby, $name);
	return same_as_seqscan($standby, '<->', $query, 10, "$name: nearest rows");
}

$primary->safe_psql(
	'postgres', q(
	CREATE TABLE items (id int, embedding vector(8));
	CREATE TABLE vectors (LIKE items);
	CREATE INDEX items_l2 ON items USING hnsw (embedding vector_l2_ops);
	CREATE INDEX items_ip ON items USING hnsw (embedding vector_ip_ops);
	CREATE INDEX items_cosine ON items USING hnsw (embedding vector_cosine_ops) WITH (m = 3)));
same_on_standby('empty');

my $path = vector_file(1, 3000, 8, 2);
$primary->safe_psql('postgres', "COPY vectors FROM '$path'");
$primary->safe_psql('postgres', 'INSERT INTO items TABLE vectors');
# equal rows
$primary->safe_psql('postgres', 'INSERT INTO items SELECT id + 10000, (SELECT embedding FROM vectors WHERE id = 1 + v.id % 2) FROM vectors v LIMIT 1000');
same_on_standby('inserted');

$primary->safe_psql('postgres', 'DELETE FROM items WHERE id % 3 = 0');
$primary->safe_psql('postgres', 'VACUUM items');
same_on_standby('vacuumed');
$primary->safe_psql('postgres', 'INSERT INTO items SELECT -id, embedding FROM vectors WHERE id % 3 = 0');
same_on_standby('inserted again');

$primary->safe_psql('postgres', 'REINDEX TABLE items');
same_on_standby('built');
$primary->safe_psql('postgres', q(SET maintenance_work_mem = '1MB'; SET client_min_messages = warning; REINDEX INDEX items_l2));
same_on_standby('built in little memory');
$primary->safe_psql('postgres', q(REINDEX INDEX CONCURRENTLY items_ip));
same_on_standby('built concurrently');

# Scans of the standby while changes arrive
my $dir = PostgreSQL::Test::Utils::tempdir;
append_to_file(
	"$dir/change.sql", q(
\set id random(1, 3000)
DELETE FROM items WHERE id = :id OR id = -:id;
INSERT INTO items SELECT * FROM vectors WHERE id = :id;
));
append_to_file("$dir/vacuum.sql", "VACUUM items;\n");
append_to_file(
	"$dir/search.sql", qq(
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> $query LIMIT 40) t;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <#> $query LIMIT 40) t;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <=> $query LIMIT 40) t;
));
append_to_file("$dir/check.sql", join '', map { "SELECT hnsw_check('items_$_', true);\n" } qw(l2 ip cosine));
my @running = map {
	my ($node, $file, $clients) = @$_;
	my ($out, $err);
	IPC::Run::start([ 'pgbench', '-n', '-T', 3, '-c', $clients, '-f', "$dir/$file.sql", $node->connstr('postgres') ], '>', \$out, '2>', \$err)
} ([ $primary, 'change', 2 ], [ $primary, 'vacuum', 1 ], [ $standby, 'search', 2 ], [ $standby, 'check', 1 ]);
ok($_->finish, 'pgbench ends without an error') foreach @running;
same_on_standby('after changes');

# An unlogged index has nothing to look into there.
$primary->safe_psql('postgres', 'CREATE UNLOGGED TABLE volatile (v vector(2)); CREATE INDEX volatile_v ON volatile USING hnsw (v vector_l2_ops)');
$primary->wait_for_catchup($standby);
my ($ret, $out, $err) = $standby->psql('postgres', q(SELECT hnsw_check('volatile_v')));
is($ret, 0, 'hnsw_check of an unlogged index on a standby');
like($err, qr/NOTICE:  cannot check unlogged index "volatile_v" during recovery, skipping/, 'is skipped');
($ret, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT hnsw_index_stats('volatile_v')");
like($err, qr/ERROR:  0A000/, 'hnsw_index_stats of it is refused');

# Promoted, it goes on.
$primary->stop;
$standby->promote;
$standby->safe_psql('postgres', 'INSERT INTO items SELECT -10000 - id, embedding FROM vectors WHERE id <= 500');
$standby->safe_psql('postgres', 'DELETE FROM items WHERE id % 2 = 0');
$standby->safe_psql('postgres', 'VACUUM items');
$standby->safe_psql('postgres', 'INSERT INTO items SELECT -20000 - id, embedding FROM vectors WHERE id <= 500');
same_as_seqscan($standby, '<->', $query, 10, 'promoted: nearest rows');
hardly_any_lost($standby, $_, $query, 'promoted') foreach sort keys %operator_of;
$standby->stop;

foreach my $node ($primary, $standby)
{
	unlike(slurp_file($node->logfile), qr/PANIC|TRAP|inconsistent page|ERROR(?!:  cannot access unlogged index)|terminated by signal/, 'nothing of the kind in the log of ' . $node->name);
}
done_testing();
