# Builds that do not run undisturbed: errors, cancelled and killed processes, a worker that comes late, others who write
# meanwhile, a crash. Nothing is left of a build that failed, and the next one works.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Segments of dynamic shared memory are files here, of this server alone.
my $node = started_node('main', "shared_buffers = 32MB\ndynamic_shared_memory_type = mmap\nmax_parallel_maintenance_workers = 2\nmax_worker_processes = 12");
my $data = $node->data_dir;
my $rows = 6000;
my $database;
my $origin = 'array_fill(0, ARRAY[32])::vector';
my $create = 'CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (m = 32)';
$node->safe_psql(
	'postgres', q(
	CREATE TABLE items (id int, embedding vector(32)) WITH (parallel_workers = 2);
	-- waits for whoever holds the lock
	CREATE FUNCTION gated(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	BEGIN
		PERFORM pg_advisory_xact_lock_shared(1);
		RETURN v;
	END $$;
	CREATE FUNCTION picky(id int, v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	BEGIN
		IF id = 4321 THEN RAISE EXCEPTION 'not this one' USING ERRCODE = 'UE001'; END IF;
		RETURN v;
	END $$;
	-- Does something to a build, or to one of its workers, when the build is in a state.
	CREATE PROCEDURE strike(state text, who text, what text) LANGUAGE plpgsql AS $$
	DECLARE
		builder int;
		victim int;
		is_there bool;
	BEGIN
		LOOP
			PERFORM pg_stat_clear_snapshot();
			EXECUTE 'SELECT pid FROM pg_stat_progress_create_index WHERE ' || state INTO builder;
			EXIT WHEN builder IS NOT NULL;
			PERFORM pg_sleep(0.001);
		END LOOP;
		victim := builder;
		IF who = 'worker' THEN
			LOOP
				PERFORM pg_stat_clear_snapshot();
				SELECT pid INTO victim FROM pg_stat_activity WHERE leader_pid = builder AND pid <> builder ORDER BY random() LIMIT 1;
				EXIT WHEN victim IS NOT NULL;
				PERFORM pg_sleep(0.001);
			END LOOP;
		END IF;
		IF what = 'kill' THEN EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'kill -9 ' || victim);
		ELSE EXECUTE format('SELECT pg_%s_backend(%s)', what, victim);
		END IF;
		INSERT INTO struck VALUES (1);
	END $$;
	CREATE TABLE struck (n int);
));
my $path = vector_file(1, $rows, 32, 2);
$node->safe_psql('postgres', "COPY items FROM '$path'");

$database = $node->safe_psql('postgres', q(SELECT oid FROM pg_database WHERE datname = 'postgres'));

# What builds have left behind since the first call: relations' files, segments, locks, relations.
my %present;
sub left_behind
{
	$node->poll_query_until('postgres', q(SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker' OR query LIKE '%items\_embedding ON%' AND pid <> pg_backend_pid()))
	  or die 'a build goes on';
	$node->safe_psql('postgres', 'CHECKPOINT');    # removes files
	# without _fsm and the like, which others get as well
	my @now = map { s/.*\///r =~ s/_.*//r } glob "$data/base/$database/[0-9]* $data/pg_dynshmem/*";
	push @now, split /\n/,
	  $node->safe_psql('postgres', q(SELECT 'relation ' || oid::regclass FROM pg_class UNION ALL SELECT 'lock on ' || coalesce(relation, 0) FROM pg_locks WHERE pid <> pg_backend_pid()));
	%present = map { $_ => 1 } @now if !%present;
	return join(', ', grep { !$present{$_} } @now);
}

# Runs $sql while another session waits for a state of its build to strike. Returns what psql reports on standard error
# and whether the other one has struck.
sub build_and_strike
{
	my ($sql, @strike) = @_;
	$node->safe_psql('postgres', 'DELETE FROM struck');
	my $striker = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' application_name=striker', '-c', sprintf("CALL strike('%s', '%s', '%s')", map { s/'/''/gr } @strike) ],
		'>', \my $out, '2>', \my $err);
	$node->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'striker' AND query LIKE 'CALL%'));
	my ($ret, $stdout, $stderr) = $node->psql('postgres', $sql);
	# It may have missed its moment.
	$node->safe_psql('postgres', q(SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'striker' AND query LIKE 'CALL%' AND state = 'active'))
	  if $ret == 0;
	$striker->finish;
	return ($stderr, $ret != 0);
}

left_behind();
my $segments = () = glob "$data/pg_dynshmem/*";

# ---- errors ----
foreach my $way ('max_parallel_maintenance_workers = 0', 'parallel_leader_participation = on', 'parallel_leader_participation = off', q(maintenance_work_mem = '1MB'))
{
	my ($ret, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET $way; SET client_min_messages = error;
		CREATE INDEX items_picky ON items USING hnsw ((picky(id, embedding)::vector(32)) vector_l2_ops)");
	like($stderr, qr/ERROR:  UE001: not this one/, "an expression fails, $way: its error");
	is(scalar(() = $stderr =~ /ERROR|FATAL|WARNING/g), 1, "an expression fails, $way: once") or diag($stderr);
	is(left_behind(), '', "an expression fails, $way: nothing is left");
}

# ---- cancelled and killed ----
my %memory = (memory => '64MB', pages => '1MB');
my $struck = 0;
foreach my $case (
	[ 'memory', q(phase ~ 'initializing|loading'), 'leader', 'cancel', '57014' ],
	[ 'memory', q(phase ~ 'initializing|loading'), 'leader', 'terminate', '57P01' ],
	[ 'memory', q(phase ~ 'initializing|loading'), 'worker', 'terminate', '57P01' ],
	[ 'memory', 'tuples_done > 1000', 'worker', 'cancel', '57014' ],
	[ 'memory', 'tuples_done > 2000', 'leader', 'cancel', '57014' ],
	[ 'memory', 'tuples_done > 3000', 'leader', 'terminate', '57P01' ],
	[ 'memory', 'tuples_done > 4000', 'worker', 'terminate', '57P01' ],
	[ 'memory', q(phase ~ 'reachability'), 'leader', 'cancel', '57014' ],
	[ 'memory', q(phase ~ 'writing pages'), 'leader', 'terminate', '57P01' ],
	[ 'memory', q(phase ~ 'writing to the log'), 'leader', 'cancel', '57014' ],
	[ 'pages', q(phase ~ 'reachability|writing'), 'leader', 'cancel', '57014' ],
	[ 'pages', q(phase ~ 'reachability|writing'), 'worker', 'terminate', '57P01' ],
	[ 'pages', 'tuples_done > 4900', 'leader', 'cancel', '57014' ],
	[ 'pages', 'tuples_done > 5100', 'worker', 'terminate', '57P01' ],
	[ 'pages', 'tuples_done > 5300', 'worker', 'cancel', '57014' ],
	[ 'pages', 'tuples_done > 5500', 'leader', 'terminate', '57P01' ],
	[ 'pages', q(phase ~ 'writing to the log'), 'leader', 'cancel', '57014' ])
{
	my ($where, $state, $who, $what, $sqlstate) = @$case;
	my $name = "$what $who, in $where, when $state";
	my ($report, $has_failed) = build_and_strike("\\set VERBOSITY verbose\nSET client_min_messages = error; SET maintenance_work_mem = '$memory{$where}'; $create", $state, $who, $what);
	if ($has_failed)
	{
		$struck++;
		like($report, qr/(ERROR|FATAL):  $sqlstate/, "$name: its error");
		unlike($report, qr/PANIC|crash|corrupted|XX000/, "$name: no other one");
	}
	else
	{
		# Some phases are short.
		every_row_once($node, 'items', '<->', $origin, "$name came too late");
		$node->safe_psql('postgres', 'DROP INDEX items_embedding');
	}
	is(left_behind(), '', "$name: nothing is left");
}
cmp_ok($struck, '>=', 11, "builds that were hit: $struck");
$node->safe_psql('postgres', "INSERT INTO items SELECT id + $rows, embedding FROM items WHERE id <= 10; $create");
every_row_once($node, 'items', '<->', $origin, 'the next build');
$node->safe_psql('postgres', 'DROP INDEX items_embedding');

# CONCURRENTLY leaves an index that is not valid, as always.
my $valid = q(SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_embedding'::regclass);
foreach my $where (sort keys %memory)
{
	my $concurrently = $create =~ s/INDEX/INDEX CONCURRENTLY/r;
	my ($report, $has_failed) = build_and_strike("SET client_min_messages = error; SET maintenance_work_mem = '$memory{$where}';\n$concurrently", 'tuples_done > 4900', 'leader', 'cancel');
	like($report, qr/ERROR:  canceling statement due to user request/, "concurrently, in $where: cancelled");
	is($node->safe_psql('postgres', $valid), 'f', "concurrently, in $where: not valid");
	$node->safe_psql('postgres', 'INSERT INTO items SELECT id + 10000, embedding FROM items WHERE id <= 10');
	$node->safe_psql('postgres', 'REINDEX INDEX CONCURRENTLY items_embedding');
	is($node->safe_psql('postgres', $valid), 't', "concurrently, in $where: mended");
	every_row_once($node, 'items', '<->', $origin, "concurrently, in $where: mended");
	$node->safe_psql('postgres', 'DROP INDEX items_embedding');
	is(left_behind(), '', "concurrently, in $where: nothing is left");
}

# ---- others write meanwhile ----
my $script = PostgreSQL::Test::Utils::tempdir . '/write.sql';
append_to_file(
	$script, q(
\set id random(1, 6000)
INSERT INTO items SELECT :id + 100000, (embedding::real[] || ARRAY[]::real[])::vector + array_fill(:id / 6000.0, ARRAY[32])::vector FROM items WHERE id = :id;
DELETE FROM items WHERE id = :id + 1;
UPDATE items SET embedding = embedding + embedding WHERE id = :id;
UPDATE items SET id = id WHERE id = :id - 1;
));
$node->safe_psql('postgres', 'CREATE INDEX items_id ON items (id)');
foreach my $where (sort keys %memory)
{
	my $writers = IPC::Run::start([ 'pgbench', '-n', '-c', 2, '-T', 180, '-R', 150, '-f', $script, $node->connstr('postgres') ], '>', \my $out, '2>', \my $err);
	my $concurrently = $create =~ s/INDEX/INDEX CONCURRENTLY/r;
	my $settings = "SET client_min_messages = error; SET maintenance_work_mem = '$memory{$where}'";
	my ($ret, $stdout, $stderr) = $node->psql('postgres', "$settings;\n$concurrently;\nREINDEX INDEX CONCURRENTLY items_embedding;");
	is("$ret $stderr", '0 ', "built while others write, in $where");
	$writers->kill_kill(grace => 5);
	unlike($err, qr/ERROR/, 'the others meet no error');
	$node->poll_query_until('postgres', q(SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'pgbench'));
	is($node->safe_psql('postgres', $valid), 't', "built while others write, in $where: valid");
	every_row_once($node, 'items', '<->', $origin, "built while others write, in $where");
	$node->safe_psql('postgres', 'DROP INDEX items_embedding');
}

# ---- a worker comes late: the others have used up the memory and left it ----
# It waits for a lock on what it must look up and the leader knows already.
$node->safe_psql('postgres', 'CREATE TABLE gated (embedding vector(32)) WITH (parallel_workers = 1); INSERT INTO gated SELECT embedding FROM items');
my $gate = $node->background_psql('postgres');
my $catalog = $node->background_psql('postgres');
my $watcher = $node->background_psql('postgres');
my %sign = (
	'the leader samples rows' => q(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted),
	'the worker waits' => q(SELECT count(*) FROM pg_locks WHERE relation = 2603 AND NOT granted),    # pg_amproc
	# param13: tuples_done
	'the leader has built' => "SELECT count(*) FROM pg_stat_get_progress_info('CREATE INDEX') WHERE param13 >= $rows");
# Once before, so that it needs nothing of the catalog later.
$watcher->query_safe($_) foreach values %sign;
sub wait_until
{
	my ($what) = @_;
	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return if $watcher->query_safe($sign{$what}) eq '1';
		select(undef, undef, undef, 0.1);
	}
	die "it never came that $what";
}
$gate->query_safe('BEGIN; SELECT pg_advisory_xact_lock(1)');
my $build = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', q(SET maintenance_work_mem = '1MB'), '-c', 'CREATE INDEX ON gated USING hnsw ((gated(embedding)::vector(32)) vector_l2_ops) WITH (m = 32)' ],
	'>', \my $out, '2>', \my $err);
wait_until('the leader samples rows');
$catalog->query_safe('BEGIN; LOCK TABLE pg_amproc');
$gate->query_safe('COMMIT');
wait_until('the worker waits');
wait_until('the leader has built');
$catalog->query_safe('COMMIT');
ok($build->finish, 'built with a worker that comes late');
like($err, qr/^[^\n]*NOTICE:  hnsw graph no longer fits/, 'built with a worker that comes late: after memory was used up');
unlike($err, qr/ERROR/, 'built with a worker that comes late: no error') or diag($err);
$_->quit foreach $gate, $catalog, $watcher;

# ---- a crash after a build that need not be logged ----
$node->append_conf('postgresql.conf', "wal_level = minimal\nmax_wal_senders = 0\nwal_skip_threshold = 0\nrestart_after_crash = on");
$node->restart;
foreach my $where (sort keys %memory)
{
	$node->safe_psql(
		'postgres', qq(
		SET client_min_messages = error; SET maintenance_work_mem = '$memory{$where}';
		DROP TABLE IF EXISTS fresh;
		BEGIN;
		CREATE TABLE fresh (id int, embedding vector(32)) WITH (parallel_workers = 2);
		INSERT INTO fresh SELECT * FROM items WHERE id <= 5000;
		CREATE INDEX ON fresh USING hnsw (embedding vector_l2_ops);
		COMMIT;
		INSERT INTO fresh SELECT * FROM items WHERE id > 5000;
	));
	$node->stop('immediate');
	$node->start;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM fresh'), $node->safe_psql('postgres', 'SELECT count(*) FROM items'), "crash after a build in $where");
	every_row_once($node, 'fresh', '<->', $origin, "crash after a build in $where");
}

# ---- a worker dies ----
foreach my $where (sort keys %memory)
{
	my ($report, $has_failed) = build_and_strike("SET client_min_messages = error; SET maintenance_work_mem = '$memory{$where}';\n$create", 'tuples_done > 4000', 'worker', 'kill');
	like($report, qr/crash of another server process|server closed the connection/, "a worker dies, in $where");
	$node->poll_query_until('postgres', 'SELECT 1', 1);
	is(scalar(() = glob "$data/pg_dynshmem/*"), $segments, "a worker dies, in $where: no segment is left");
	$node->safe_psql('postgres', $create);
	every_row_once($node, 'items', '<->', $origin, "a worker dies, in $where: the next build");
	$node->safe_psql('postgres', 'DROP INDEX items_embedding');
}

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|XX000|corrupted|signal 11|signal 6/, 'nothing of the kind in the log');
done_testing();
