# The memory of parallel builds: no more of it than the graph needs, and what happens where there is little of it.
use strict;
use warnings;

use HnswTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $settings = "shared_buffers = 64MB\nmax_parallel_maintenance_workers = 2";
# cheap vectors, no two of them equal
my $vector = '(ARRAY[n % 97, n / 97 % 89, n / 8633]::real[] || array_fill(1::real, ARRAY[765]))::vector';

# ---- memory that several processes share ----
# Segments are files here that can be counted, of this server alone.
{
	my $memory = started_node('memory', "$settings\ndynamic_shared_memory_type = mmap");
	my $folder = $memory->data_dir . '/pg_dynshmem';
	my $bytes = sub {
		my $sum = 0;
		$sum += -s $_ // 0 foreach glob "$folder/*";
		return $sum;
	};
	my $wide_rows = 12000;
	$memory->safe_psql(
		'postgres', qq(
		CREATE TABLE items (embedding halfvec(768)) WITH (parallel_workers = 2);
		INSERT INTO items SELECT $vector FROM generate_series(1, $wide_rows) AS n));
	my $before = $bytes->();
	foreach my $case ([ '4GB', 1300 * $wide_rows + 5_000_000, qr/^$/ ], [ '8MB', 9_000_000, qr/NOTICE/ ])
	{
		my ($limit, $most, $report) = @$case;
		my $build = IPC::Run::start(
			[ 'psql', '-XAtq', '-d', $memory->connstr('postgres'),
				'-c', "SET maintenance_work_mem = '$limit'", '-c', 'CREATE INDEX items_embedding ON items USING hnsw (embedding halfvec_l2_ops) WITH (ef_construction = 32)' ],
			'>', \my $out, '2>', \my $err);
		my $peak = 0;
		while ($build->pumpable)
		{
			my $present = $bytes->() - $before;
			$peak = $present if $peak < $present;
			$build->pump_nb;
			select(undef, undef, undef, 0.005);
		}
		ok($build->finish, "$limit: built") or diag($err);
		like($err, $report, "$limit: report");
		cmp_ok($peak, '>', 4_000_000, "$limit: memory is shared");
		cmp_ok($peak, '<=', $most, "$limit: and no more of it than is needed");
		is($bytes->(), $before, "$limit: and none is left");
		$memory->safe_psql('postgres', 'DROP INDEX items_embedding');
	}
	$memory->stop;
}

# ---- little /dev/shm ----
# A server with a /dev/shm of its own: in a user namespace that may mount, and in it one where we are nobody special.
SKIP:
{
	my ($user, $group) = ($> || 1, (split / /, $))[0] || 1);
	my @with_small_shm = ('unshare', '--user', '--map-root-user', '--mount', 'sh', '-c',
		qq(mount -t tmpfs -o size=8m tmpfs /dev/shm && exec unshare --user --map-user=$user --map-group=$group "\$@"), 'sh');
	skip 'namespaces are not permitted here: no /dev/shm of its own', 1 if !run_log([ @with_small_shm, 'true' ]);

	my $small = PostgreSQL::Test::Cluster->new('small_shm');
	$small->init;
	$small->append_conf('postgresql.conf', "$settings\nautovacuum = off\nmax_parallel_workers_per_gather = 0\nmaintenance_work_mem = 256MB");
	system_or_bail(@with_small_shm, 'pg_ctl', '-s', '-w', '-D', $small->data_dir, '-l', $small->logfile, 'start');
	$small->safe_psql(
		'postgres', qq(
		CREATE EXTENSION vector;
		CREATE TABLE items (embedding halfvec(768)) WITH (parallel_workers = 2);
		INSERT INTO items SELECT $vector FROM generate_series(1, 8500) AS n
		));
	my $create = 'CREATE INDEX ON items USING hnsw (embedding halfvec_l2_ops) WITH (m = 8, ef_construction = 16)';
	my $report = build_report($small, $create);
	like($report, qr/NOTICE:  hnsw graph no longer fits into shared memory after \d\d\d\d tuples\n.*DETAIL:  .*\n.*HINT:  .*max_parallel_maintenance_workers.*\d+ MB\./,
		'small /dev/shm: goes on in pages, and says why');
	every_row_once($small, 'items', '<->', 'array_fill(0, ARRAY[768])::halfvec', 'small /dev/shm');
	unlike(build_report($small, "DROP INDEX items_embedding_idx; SET max_parallel_maintenance_workers = 0; $create"), qr/NOTICE/, 'small /dev/shm: one process does without');

	# Others leave some kilobytes only: the build gets done in pages, or says what it lacks.
	my $leave = sub {
		my ($kilobytes) = @_;
		$small->safe_psql('postgres',
			qq(COPY (SELECT) TO PROGRAM 'head -c \$((\$(df --output=avail -k /dev/shm | tail -n 1) - $kilobytes))K /dev/zero >/dev/shm/filler'));
	};
	my $give_back = sub { $small->safe_psql('postgres', q(COPY (SELECT) TO PROGRAM 'rm /dev/shm/filler')) };
	my $lacks_shared_memory = qr/NOTICE:  hnsw graph no longer fits into shared memory after \d+ tuples/;
	foreach my $kilobytes (1000, 300, 20)
	{
		$small->safe_psql('postgres', 'DROP INDEX IF EXISTS items_embedding_idx');
		$leave->($kilobytes);
		my ($ret, $stdout, $stderr) = $small->psql('postgres', $create);
		if ($ret == 0)
		{
			like($stderr, $lacks_shared_memory, "$kilobytes kB in /dev/shm: built");
			unlike($stderr, qr/after 0 tuples.* MB/s, "$kilobytes kB in /dev/shm: no guess from nothing");
			every_row_once($small, 'items', '<->', 'array_fill(0, ARRAY[768])::halfvec', "$kilobytes kB in /dev/shm");
		}
		else
		{
			like($stderr, qr/ERROR:  could not resize shared memory segment .* No space left on device/, "$kilobytes kB in /dev/shm: clear error");
			unlike($stderr, qr/ERROR.*ERROR|connection/s, "$kilobytes kB in /dev/shm: nothing else");
		}
		$give_back->();
	}

	# No row was in memory, and the sample for the center has hardly ever seen the only page with vectors: then the
	# center is the origin, and stays it.
	$small->safe_psql(
		'postgres', q(
		CREATE TABLE rare (id int, embedding halfvec(768)) WITH (parallel_workers = 2, fillfactor = 10);
		INSERT INTO rare SELECT n FROM generate_series(1, 60000) AS n;
		INSERT INTO rare SELECT n, array_fill(n - 60000, ARRAY[768])::vector FROM generate_series(60001, 60003) AS n));
	$leave->(300);
	like(build_report($small, 'CREATE INDEX ON rare USING hnsw (embedding halfvec_l2_ops)'), $lacks_shared_memory, 'rare vectors');
	$give_back->();
	$small->safe_psql('postgres', 'INSERT INTO rare SELECT n, array_fill(-1000 * n, ARRAY[768])::vector FROM generate_series(1, 9) AS n');
	is($small->safe_psql('postgres', by_index_only(100) . q(SELECT id FROM rare ORDER BY embedding <-> array_fill(2.1::real, ARRAY[768])::vector::halfvec LIMIT 5)),
		join("\n", 60002, 60003, 60001, 1, 2), 'rare vectors, and others after the build');
	system_or_bail('pg_ctl', '-s', '-w', '-D', $small->data_dir, '-m', 'fast', 'stop');
	unlike(slurp_file($small->logfile), qr/PANIC|TRAP|terminated by signal/, 'small /dev/shm: no crash');
}
done_testing();
