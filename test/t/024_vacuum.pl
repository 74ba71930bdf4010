# VACUUM of an index: its cost, its manners (options, pauses, cancelling, parallel workers, failsafe), and that nobody
# waits for it.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $query = q('[1,0,1,0,1,0,1,0]');
my $node = started_node('main', "shared_buffers = 64MB\nautovacuum_freeze_max_age = 100000\nmin_parallel_index_scan_size = 0");
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION draw() RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT ARRAY[random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5, random() - 0.5,
			random() - 0.5]::vector
	$$;
	CREATE TABLE items (id int, embedding vector(8));
	CREATE INDEX items_l2 ON items USING hnsw (embedding vector_l2_ops) WITH (m = 8);
	CREATE INDEX items_cosine ON items USING hnsw (embedding vector_cosine_ops) WITH (m = 8);
));

sub fill
{
	my ($rows) = @_;
	$node->safe_psql('postgres', "TRUNCATE items; INSERT INTO items SELECT n, draw() FROM generate_series(1, $rows) AS n;");
	return;
}

# Both indexes have the rows of the table, no more and no less.
sub complete
{
	my ($name) = @_;
	is(rows_not_found($node, 'items', $operator_of{$_}, $query), 0, "$name: $_ finds every row") foreach qw(vector_l2_ops vector_cosine_ops);
	return;
}

sub index_tuples
{
	my ($index) = @_;
	return $node->safe_psql('postgres', "SELECT reltuples FROM pg_class WHERE relname = '$index'");
}

# ---- cost ----

fill(8000);
my $accesses = q(SELECT idx_blks_hit + idx_blks_read FROM pg_statio_user_indexes WHERE indexrelname = 'items_l2');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 25 = 0');
my $before = $node->safe_psql('postgres', $accesses);
$node->safe_psql('postgres', 'VACUUM items');
my $used = $node->safe_psql('postgres', $accesses) - $before;
my $pages = $node->safe_psql('postgres', q(SELECT pg_relation_size('items_l2') / 8192));
cmp_ok($used, '<=', 10 * $pages + 150 * 320, "page accesses of a vacuum after deleting 320 of 8000 rows: $used, with $pages pages");
cmp_ok($used, '>=', $pages, 'it reads every page');
complete('after deleting some');

# ---- equal rows ----

fill(100);
$node->safe_psql('postgres', q(
	INSERT INTO items SELECT 1000 + n, '[1,2,3,4,5,6,7,8]' FROM generate_series(1, 2000) AS n;
	DELETE FROM items WHERE id > 1000 AND id % 3 > 0;
	VACUUM items));
complete('some of many equal rows deleted');
$node->safe_psql('postgres', q(
	INSERT INTO items SELECT 5000 + n, '[1,2,3,4,5,6,7,8]' FROM generate_series(1, 50) AS n;
	DELETE FROM items WHERE id BETWEEN 1001 AND 5000;
	VACUUM items));
complete('the rest of them deleted');

# ---- everything deleted and inserted again ----

# Levels are random, so a few pages of lists come and go by chance: of so many rows, less than 2 % of the pages.
fill(8000);
my $size = q(SELECT pg_relation_size('items_l2') + pg_relation_size('items_cosine'));
my $at_first = $node->safe_psql('postgres', $size);
my $script = PostgreSQL::Test::Utils::tempdir . '/insert.sql';
append_to_file($script, "INSERT INTO items SELECT n, draw() FROM generate_series(1, 10) AS n;\n");
foreach my $cycle (1 .. 4)
{
	$node->safe_psql('postgres', 'DELETE FROM items; VACUUM items;');
	# Four sessions at once
	my ($out, $err);
	ok(IPC::Run::run([ 'pgbench', '-n', '-c', 4, '-t', 200, '-f', $script, $node->connstr('postgres') ], '>', \$out, '2>', \$err),
		"cycle $cycle: rows inserted again");
}
my $growth = $node->safe_psql('postgres', $size) / $at_first - 1;
cmp_ok($growth, '<=', 0.02, sprintf('growth over 4 cycles of deleting and inserting 8000 rows: %.1f %%', 100 * $growth));
complete('after the cycles');

# ---- options ----

fill(3000);
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 3 = 0; VACUUM (INDEX_CLEANUP off) items;');
is($node->safe_psql('postgres', "SELECT n_dead_tup > 0 FROM pg_stat_user_tables WHERE relname = 'items'"), 't',
	'INDEX_CLEANUP off leaves dead rows');
complete('after INDEX_CLEANUP off');
$node->safe_psql('postgres', 'INSERT INTO items SELECT n, draw() FROM generate_series(1, 500) AS n; VACUUM (INDEX_CLEANUP on) items;');
is(index_tuples('items_l2'), 2500, 'the next vacuum removes them');
complete('after the next vacuum');

$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 3 = 1');
my ($ret, $stdout, $stderr) = $node->psql('postgres', 'VACUUM (PARALLEL 2, VERBOSE) items');
is($ret, 0, 'parallel vacuum');
like($stderr, qr/launched 1 parallel vacuum worker for index vacuuming/, 'a worker takes one of the two indexes');
is(index_tuples($_), $node->safe_psql('postgres', 'SELECT count(*) FROM items'), "$_: rows counted") foreach qw(items_l2 items_cosine);
complete('after a parallel vacuum');

# ---- pauses; nobody waits; cancelling ----

my $phase = q(SELECT count(*) FROM pg_stat_progress_vacuum WHERE phase = 'vacuuming indexes');
# Starts a vacuum that sleeps for a tenth of a second at nearly each page.
sub slow_vacuum
{
	my $session = {out => '', err => ''};
	$session->{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), map { ('-c', $_) } 'SET vacuum_cost_delay = 100',
			'SET vacuum_cost_limit = 1', 'VACUUM (PARALLEL 0) items' ],
		'<', '/dev/null', '>', \$session->{out}, '2>', \$session->{err});
	return $session;
}
sub waits_in_index
{
	my ($name) = @_;
	ok( $node->poll_query_until(
			'postgres', q(SELECT count(*) = 1 FROM pg_stat_progress_vacuum AS p JOIN pg_stat_activity USING (pid)
			WHERE phase = 'vacuuming indexes' AND wait_event = 'VacuumDelay')),
		$name);
	return;
}

fill(3000);
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 5 = 0');
my $vacuum = slow_vacuum();
waits_in_index('a vacuum with vacuum_cost_delay pauses while it works on an index');
is($node->safe_psql('postgres', by_index_only(40) . "SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> $query LIMIT 10) t"),
	10, 'a scan goes on meanwhile');
$node->safe_psql('postgres', 'INSERT INTO items SELECT 10000 + n, draw() FROM generate_series(1, 50) AS n');
is($node->safe_psql('postgres', $phase), 1, 'an insert did not wait for the end of it, either');
$node->safe_psql('postgres', q(SELECT pg_cancel_backend(pid) FROM pg_stat_progress_vacuum));
$vacuum->{run}->finish;
like($vacuum->{err}, qr/canceling statement due to user request/, 'it can be cancelled');
complete('after the cancelled vacuum');

# Cancelled wherever it is when the time is up
foreach my $milliseconds (5, 10, 20, 30, 50, 80)
{
	$node->psql('postgres', "SET vacuum_cost_delay = 1; SET vacuum_cost_limit = 2000; SET statement_timeout = $milliseconds; VACUUM items");
	$node->safe_psql('postgres', "INSERT INTO items SELECT 20000 + n, draw() FROM generate_series(1, 20) AS n;
		DELETE FROM items WHERE id % 50 = $milliseconds % 50");
}
complete('after vacuums cancelled at several points');
# The last may have come to its end; with few dead rows left, another would leave the indexes alone, and with none in any case.
$node->safe_psql('postgres', 'DELETE FROM items WHERE id = 20001');
$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP on) items');
is(index_tuples('items_l2'), $node->safe_psql('postgres', 'SELECT count(*) FROM items'), 'a vacuum that is not cancelled completes them');
complete('after that one');

# ---- failsafe ----

$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 4 = 0');
$node->safe_psql('postgres', 'DO $$ BEGIN FOR i IN 1..106000 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$');
($ret, $stdout, $stderr) = $node->psql('postgres', 'SET vacuum_failsafe_age = 0; VACUUM items');
like($stderr, qr/bypassing nonessential maintenance of table "postgres.public.items" as a failsafe/, 'the failsafe leaves the indexes alone');
complete('after the failsafe');
$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP on) items');
is(index_tuples('items_l2'), $node->safe_psql('postgres', 'SELECT count(*) FROM items'), 'the next vacuum sees to them');
complete('after the next vacuum');

# ---- autovacuum, with hardly any memory ----

fill(3000);
$node->append_conf('postgresql.conf', "autovacuum_work_mem = 1MB\nautovacuum_naptime = 1s\nautovacuum = on");
$node->safe_psql('postgres', 'ALTER TABLE items SET (autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0); DELETE FROM items WHERE id % 2 = 0');
$node->reload;
ok($node->poll_query_until('postgres', "SELECT reltuples = 1500 FROM pg_class WHERE relname = 'items_cosine'"), 'autovacuum');
complete('after autovacuum');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|XX00/, 'no crash in the log');
done_testing();
