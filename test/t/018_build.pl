# Building an index: by one process and by several, in as much memory as there is, and of equal vectors.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $settings = "shared_buffers = 64MB\nmax_worker_processes = 8\nlog_line_prefix = '%b|%p| '";
my $node = started_node('main', $settings);
my $rows = 5000;
my $dimensions = 32;
my $origin = "array_fill(0, ARRAY[$dimensions])::vector";

# Statements before CREATE INDEX, for tables with parallel_workers = 2
my %way = (
	'serial' => 'SET max_parallel_maintenance_workers = 0;',
	'parallel' => 'SET max_parallel_maintenance_workers = 2;',
	'parallel without the leader' => 'SET max_parallel_maintenance_workers = 2; SET parallel_leader_participation = off;',
	'parallel, but no worker comes' =>
	  'SET max_parallel_maintenance_workers = 2; SET parallel_leader_participation = off; SET max_parallel_workers = 0;');
# Who indexes rows then
my %participants = (
	'serial' => 'client backend',
	'parallel' => 'client backend, parallel worker',
	'parallel without the leader' => 'parallel worker',
	'parallel, but no worker comes' => 'client backend');

$node->safe_psql(
	'postgres', qq(
	CREATE TABLE items (id int, embedding vector($dimensions)) WITH (parallel_workers = 2);
	CREATE TABLE queries (LIKE items);
	-- logs which processes call it
	CREATE FUNCTION witnessed(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS \$\$
	BEGIN
		IF random() < 0.05 THEN RAISE LOG 'witnessed'; END IF;
		RETURN v;
	END \$\$;
	-- cheap vectors, no two of them equal
	CREATE FUNCTION sparse(n int, dimensions int) RETURNS real[] LANGUAGE sql IMMUTABLE AS
		'SELECT ARRAY[n % 97, n / 97 % 89, n / 8633]::real[] || array_fill(1::real, ARRAY[dimensions - 3])';
));
my $path = vector_file(1, $rows, $dimensions, 2);
$node->safe_psql('postgres', "COPY items FROM '$path'");
# COPY may leave empty blocks at the end, which builds would expect to be as full as the others.
$node->safe_psql('postgres', 'VACUUM items');
$path = vector_file(1, 100, $dimensions, 3);
$node->safe_psql('postgres', "COPY queries FROM '$path'");

# ---- by one process and by several ----
my %recall;
foreach my $name (sort keys %way)
{
	my $log_start = -s $node->logfile;
	$node->safe_psql('postgres', "$way{$name} CREATE INDEX items_witnessed ON items USING hnsw ((witnessed(embedding)::vector(32)) vector_l2_ops) WITH (m = 4, ef_construction = 8);
		DROP INDEX items_witnessed;");
	my %seen = map { $_ => 1 } slurp_file($node->logfile, $log_start) =~ /^([a-z ]+)\|\d+\| LOG:  witnessed/mg;
	# The leader samples rows for the codec in any case.
	delete $seen{'client backend'} if $name eq 'parallel without the leader';
	is(join(', ', sort keys %seen), $participants{$name}, "$name: who took part");

	my $report = build_report($node, "$way{$name} SET client_min_messages = debug1; CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (ef_construction = 120);");
	like($report, qr/DEBUG:  hnsw build of "items_embedding": \d+ elements were made reachable/, "$name: count of the repair");
	unlike($report, qr/NOTICE/, "$name: in memory");
	every_row_once($node, 'items', '<->', $origin, $name);
	is($node->safe_psql('postgres', q(SELECT reltuples FROM pg_class WHERE relname = 'items_embedding')), $rows, "$name: all rows are counted");
	$recall{$name} = recall($node, '<->');
	cmp_ok($recall{$name}, '>=', 0.95, "$name: recall $recall{$name}");
	cmp_ok(abs($recall{$name} - $recall{'parallel'}), '<=', 0.01, "$name: as much as when built in parallel");
	$node->safe_psql('postgres', 'DROP INDEX items_embedding');
}

# ---- memory that does not suffice ----
foreach my $name ('serial', 'parallel', 'parallel without the leader')
{
	my $create = 'CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (m = 32);';
	my ($tuples, $megabytes) = tuples_and_megabytes(build_report($node, "$way{$name} SET maintenance_work_mem = '1MB'; $create"));
	# 640 bytes a row, in at least a megabyte a process
	my ($fewest, $most) = $name eq 'serial' ? (1000, 1600) : (3000, 4900);
	cmp_ok($tuples, '>', $fewest, "$name: rows in memory");
	cmp_ok($tuples, '<', $most, "$name: and not all of them");
	cmp_ok($megabytes, '>=', 3, "$name: hint of the whole graph's memory");
	cmp_ok($megabytes, '<=', 5, "$name: and not of much more");
	every_row_once($node, 'items', '<->', $origin, "$name, in pages");
	is($node->safe_psql('postgres', q(SELECT reltuples FROM pg_class WHERE relname = 'items_embedding')), $rows, "$name, in pages: all rows are counted");
	my $in_pages = recall($node, '<->');
	cmp_ok($in_pages, '>=', $recall{serial} - 0.015, "$name, in pages: recall $in_pages");
	$node->safe_psql('postgres', 'DROP INDEX items_embedding');
	next unless $name eq 'serial';

	is(build_report($node, sprintf("$way{$name} SET maintenance_work_mem = '%dkB'; $create DROP INDEX items_embedding", $megabytes * 1024)),
		'', "$name: the memory named in the hint suffices");
}
$node->safe_psql('postgres', 'CREATE TABLE few (embedding vector) WITH (parallel_workers = 2)');
foreach my $case ([ 0, 3, 16 ], [ 5, 3, 16 ], [ 0, 8000, 100 ], [ 3, 8000, 100 ], [ 300, 8000, 100 ])
{
	my ($count, $dimensions, $m) = @$case;
	$node->safe_psql('postgres', "TRUNCATE few; INSERT INTO few SELECT sparse(n, $dimensions)::vector FROM generate_series(1, $count) AS n");
	foreach my $name ('serial', 'parallel', 'parallel without the leader')
	{
		my $report = build_report(
			$node, "$way{$name} SET maintenance_work_mem = '1MB';
			ALTER TABLE few ALTER embedding TYPE vector($dimensions);
			CREATE INDEX ON few USING hnsw (embedding vector_l2_ops) WITH (m = $m, ef_construction = 200);");
		my ($tuples, $megabytes) = tuples_and_megabytes($report);
		if ($count == 300)
		{
			cmp_ok($tuples, '>', 0, "$name, $dimensions dimensions, m $m: tuples in memory");
			cmp_ok($tuples, '<', 260, "$name, $dimensions dimensions, m $m: and not all of them");
			cmp_ok($megabytes, '>=', 1, "$name, $dimensions dimensions, m $m: hint of memory");
			cmp_ok($megabytes, '<=', 9, "$name, $dimensions dimensions, m $m: and not of much more");
		}
		else
		{
			is($report, '', "$name, $count rows of $dimensions dimensions, m $m: fit the least memory");
		}
		every_row_once($node, 'few', '<->', "sparse(1, $dimensions)::vector", "$name, $count rows of $dimensions dimensions");
		# and goes on to be an index
		$node->safe_psql('postgres', "INSERT INTO few SELECT sparse(1000, $dimensions)::vector");
		every_row_once($node, 'few', '<->', "sparse(1, $dimensions)::vector", "$name, then one more row");
		$node->safe_psql('postgres', "DROP INDEX few_embedding_idx; DELETE FROM few WHERE embedding = sparse(1000, $dimensions)::vector; ALTER TABLE few ALTER embedding TYPE vector");
	}
}


# ---- progress ----
$node->safe_psql(
	'postgres', q(
	CREATE TABLE seen (n serial, phase text, tuples_done bigint, tuples_total bigint, blocks_done bigint, blocks_total bigint);
	-- Whatever a build reports, from when it is there until it is not.
	CREATE PROCEDURE watch() LANGUAGE plpgsql AS $$
	DECLARE
		has_begun bool := false;
	BEGIN
		LOOP
			PERFORM pg_stat_clear_snapshot();
			INSERT INTO seen (phase, tuples_done, tuples_total, blocks_done, blocks_total)
				SELECT p.phase, p.tuples_done, p.tuples_total, p.blocks_done, p.blocks_total FROM pg_stat_progress_create_index p;
			EXIT WHEN has_begun AND NOT FOUND;
			has_begun := has_begun OR FOUND;
			PERFORM pg_sleep(0.0005);
		END LOOP;
	END $$));
foreach my $case ([ 'serial', '64MB' ], [ 'serial', '1MB' ], [ 'parallel', '64MB' ], [ 'parallel without the leader', '64MB' ])
{
	my ($way, $memory) = @$case;
	my $name = "progress, $way, $memory";
	$node->safe_psql('postgres', 'TRUNCATE seen');
	my $watch = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'CALL watch()' ], '>', \my $out, '2>', \my $err);
	$node->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE query = 'CALL watch()'));
	build_report($node, "$way{$way} SET maintenance_work_mem = '$memory'; CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (m = 32)");
	$watch->finish;
	my $phases = $node->safe_psql('postgres', q(SELECT string_agg(phase, ', ' ORDER BY n) FROM
		(SELECT n, phase, lag(phase) OVER (ORDER BY n) AS before FROM seen) s WHERE phase IS DISTINCT FROM before));
	# The shortest phases may go unseen.
	my $in_pages = $memory eq '1MB' ? 'building index: loading tuples(, building index: checking reachability)?(, building index: writing pages)?, ' : '';
	like($phases, qr/^(initializing, )?(building index(: initializing)?, )?(building index: initializing, )?${in_pages}building index: loading tuples(, building index: checking reachability)?(, building index: writing pages)?(, building index: writing to the log)?$/,
		"$name: phases $phases");
	is($node->safe_psql('postgres', q(SELECT count(*) FROM (SELECT tuples_done, lag(tuples_done) OVER (ORDER BY n) AS before FROM seen) s WHERE tuples_done < before)),
		0, "$name: tuples_done never falls");
	# A leader that does not build looks only now and then.
	my $is_often = $way !~ /without/;
	cmp_ok($node->safe_psql('postgres', 'SELECT count(DISTINCT tuples_done) FROM seen'), '>=', $is_often ? 10 : 2, "$name: and grows little by little");
	is($node->safe_psql('postgres', q(SELECT count(*) FROM seen WHERE blocks_done > blocks_total)), 0, "$name: blocks_done is at most blocks_total");
	is($node->safe_psql('postgres', q(SELECT tuples_done, tuples_total FROM seen WHERE phase ~ 'log' OR phase ~ 'reach' ORDER BY n DESC LIMIT 1)), "$rows|$rows", "$name: at last all are done")
	  if $phases =~ /log|reach/;
	my $total = $node->safe_psql('postgres', q(SELECT tuples_total FROM seen WHERE tuples_done >= 1500 AND phase ~ 'loading' ORDER BY n LIMIT 1));
	# Workers take several blocks at once, which is much of a small table.
	cmp_ok(abs($total - $rows), '<', $way eq 'serial' ? $rows / 5 : $rows / 3, "$name: tuples_total is near the truth early: $total") if $is_often || $total ne '';
	$node->safe_psql('postgres', 'DROP INDEX items_embedding');
}

# ---- equal vectors ----
foreach my $case (
	[ 'equal vectors', "'[1,2,3]'::vector" ],
	[ '10 distinct vectors', 'ARRAY[n % 10, 1, 2]::vector' ],
	[ 'half duplicates', 'CASE WHEN n % 2 = 0 THEN ARRAY[1, 2, 3] ELSE ARRAY[n % 97, n / 97, 0] END::vector' ])
{
	my ($vectors, $vector) = @$case;
	$node->safe_psql('postgres', "TRUNCATE few; INSERT INTO few SELECT $vector FROM generate_series(1, 8000) AS n; ALTER TABLE few ALTER embedding TYPE vector(3)");
	foreach my $name ('serial', 'parallel')
	{
		is(build_report($node, "$way{$name} CREATE INDEX few_embedding ON few USING hnsw (embedding vector_l2_ops)"), '', "$vectors, $name: in memory");
		every_row_once($node, 'few', '<->', q('[0,0,0]'), "$vectors, $name");
		$node->safe_psql('postgres', 'DROP INDEX few_embedding');
	}
}

# Rows that find their equals take the same work each, whatever their number; those beyond the memory, in pages.
$node->safe_psql(
	'postgres', q(
	CREATE FUNCTION build() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		CREATE INDEX few_embedding ON few USING hnsw (embedding vector_l2_ops);
	END $$));
my %blocks;
foreach my $count (55_000, 70_000, 85_000)
{
	$node->safe_psql('postgres', "TRUNCATE few; INSERT INTO few SELECT '[1,2,3]' FROM generate_series(1, $count); VACUUM few");
	my ($ret, $stdout, $stderr) = $node->psql('postgres', "$way{serial} SET maintenance_work_mem = '1MB'; EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) SELECT build()");
	my ($hit) = $stdout =~ /shared hit=(\d+)/;
	my ($read) = $stdout =~ /shared .*read=(\d+)/;
	$blocks{$count} = $hit + ($read // 0);
	my ($tuples) = tuples_and_megabytes($stderr);
	is(defined $tuples, $count > 55_000 || '', "$count equal vectors: fit memory only so long");
	cmp_ok($tuples // $count, '>=', 55_000, "$count equal vectors: which is long");
	# 6 bytes a row, 7/8 of each list
	cmp_ok($node->safe_psql('postgres', "SELECT pg_relation_size('few_embedding')"), '<', 7.5 * $count, "$count equal vectors: size");
	is($node->safe_psql('postgres', by_index_only(10) . "SELECT count(DISTINCT ctid) FROM (SELECT ctid FROM few ORDER BY embedding <-> '[0,0,0]') t"),
		$count, "$count equal vectors: all are found");
	$node->safe_psql('postgres', 'DROP INDEX few_embedding');
}
my ($first, $second) = ($blocks{70_000} - $blocks{55_000}, $blocks{85_000} - $blocks{70_000});
cmp_ok($first, '>', 15_000, "15000 rows in pages read pages: $first");
# The level of the one element, which is random, counts in each build.
cmp_ok($second, '<', 3 * $first, "about as much work for the later rows: $second");

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'nothing of the kind in the log');
done_testing();
