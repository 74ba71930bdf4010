# Scans that return every row: their memory stays within its bounds, the rest is sorted on disk, and rows that others
# insert, delete and vacuum meanwhile change nothing about what a cursor returns. Both when the executor puts the rows in
# order and when the scan does.
use strict;
use warnings;

use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = started_node('main', 'jit = off');
my $prefer_index = 'SET enable_seqscan = off; SET enable_sort = off';

# The bytes of an open scan and of what it sorts, in kB, and whether there are temporary files, after $moved rows.
sub memory_after
{
	my ($moved, $settings) = @_;
	my $result = $node->safe_psql(
		'postgres', qq(
		$prefer_index;
		$settings;
		BEGIN;
		DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> array_fill(8, ARRAY[24])::vector;
		MOVE FORWARD $moved IN near;
		SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts WHERE name IN ('hnsw scan', 'TupleSort main', 'TupleSort sort', 'Caller tuples');
		SELECT count(*) > 0 FROM pg_ls_tmpdir();
		CLOSE near;
		SELECT count(*) FROM pg_ls_tmpdir();
		COMMIT));
	return split /\n/, $result;
}

foreach my $order ('executor', 'scan')
{
	local $ENV{VECTOR_FORCE_EXACT_ORDER} = $order;
	$node->restart;

	# ---- memory ----
	my $rows = 40000;
	$node->safe_psql(
		'postgres', qq(
		CREATE TABLE items (id int, embedding vector(24));
		INSERT INTO items SELECT n, ARRAY(SELECT (hashint4extended(n * 100 + k, 1) & 1023)::real / 64 FROM generate_series(1, 24) AS k) FROM generate_series(1, $rows) AS n;
		CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = sq8, m = 6, ef_construction = 20)));

	foreach my $case (
		[ 'the first batch', 10, 1000, 'f', '' ],
		[ 'the search', 5000, 3000, undef, 'SET hnsw.max_scan_tuples = 1000000' ],
		[ 'relaxed search', 5000, 3000, undef, 'SET hnsw.max_scan_tuples = 1000000; SET hnsw.iterative_scan = relaxed_order' ],
		[ 'the sweep', $rows - 1, 4500, 't', 'SET hnsw.max_scan_tuples = 1000000' ],
		[ 'an early sweep', $rows - 1, 3000, 't', 'SET hnsw.max_scan_tuples = 1' ])
	{
		my ($name, $moved, $bound, $on_disk, $settings) = @$case;
		my ($kilobytes, $has_files, $files_left) = memory_after($moved, "SET work_mem = '1MB'; $settings");
		cmp_ok($kilobytes, '<', $bound, "order by the $order, $name: memory");
		is($has_files, $on_disk, "order by the $order, $name: temporary files") if defined $on_disk;
		is($files_left, 0, "order by the $order, $name: no file is left");
	}
	my ($kilobytes, $has_files) = memory_after(20, q(SET work_mem = '64MB'; SET hnsw.max_scan_tuples = 1));
	is($has_files, 'f', 'the sweep stays in memory when there is enough');
	is( $node->safe_psql(
			'postgres', qq(
			$prefer_index; SET work_mem = '64kB';
			SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> array_fill(8, ARRAY[24])::vector) t)),
		"$rows|$rows", 'every row in little memory');
	# Many searches in one scan give their memory back.
	my $first_and_last = $node->safe_psql(
		'postgres', qq(
		$prefer_index; SET work_mem = '1MB'; SET hnsw.max_scan_tuples = 1;
		BEGIN;
		DECLARE near CURSOR FOR SELECT (SELECT id FROM items ORDER BY embedding <-> array_fill(n, ARRAY[24])::vector OFFSET 50 LIMIT 1) FROM generate_series(1, 40) AS n;
		MOVE FORWARD 2 IN near;
		SELECT sum(total_bytes) FROM pg_backend_memory_contexts;
		MOVE FORWARD 30 IN near;
		SELECT sum(total_bytes) FROM pg_backend_memory_contexts;
		COMMIT));
	my ($before, $after) = split /\n/, $first_and_last;
	cmp_ok($after, '<', $before + 1024 * 1024, 'sweeps one after the other');
	$node->safe_psql('postgres', 'DROP TABLE items');

	# ---- changes by others while cursors are open ----
	$node->safe_psql(
		'postgres', q(
		CREATE TABLE items (id int, embedding vector(24));
		CREATE FUNCTION draw(n int) RETURNS vector LANGUAGE sql AS $$
			SELECT ARRAY(SELECT (hashint4extended(n * 100 + k, 1) & 1023)::real / 64 FROM generate_series(1, 24) AS k)::vector
		$$;
		INSERT INTO items SELECT n, draw(CASE WHEN n % 10 = 0 THEN 10 ELSE n END) FROM generate_series(1, 4000) AS n;
		CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = sq8)));
	my %settings = (
		search => 'SET hnsw.max_scan_tuples = 1000000',
		relaxed => 'SET hnsw.max_scan_tuples = 1000000; SET hnsw.iterative_scan = relaxed_order; SET hnsw.ef_search = 10',
		sweep => 'SET hnsw.max_scan_tuples = 1',
		both => 'SET hnsw.max_scan_tuples = 1500');
	my %cursor = map {
		my $session = $node->background_psql('postgres', on_error_stop => 1);
		$session->query_safe("$prefer_index; $settings{$_}");
		($_ => $session)
	} sort keys %settings;

	my (%seen, %expected);
	my $fetch = sub {
		my ($count) = @_;
		foreach my $name (sort keys %cursor)
		{
			$seen{$name}{$_}++ foreach split /\n/, $cursor{$name}->query_safe("FETCH $count FROM near");
		}
		return;
	};
	foreach my $round (1 .. 3)
	{
		# rows that no snapshot sees: vacuum frees their places while the cursors are at work
		$node->safe_psql('postgres', "DELETE FROM items WHERE id % 7 = $round");
		my $all = join "\n", sort split /\n/, $node->safe_psql('postgres', 'SELECT id FROM items');
		%seen = ();
		$_->query_safe('BEGIN; DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> array_fill(8, ARRAY[24])::vector') foreach values %cursor;
		$fetch->(100);
		$node->safe_psql('postgres', 'VACUUM items');
		$node->safe_psql('postgres', "INSERT INTO items SELECT n + 100000 * $round, draw(n + 3) FROM generate_series(1, 900) AS n");
		$node->safe_psql('postgres', "INSERT INTO items SELECT n + 100000 * $round + 50000, draw(10) FROM generate_series(1, 100) AS n");
		$fetch->(400);
		$node->safe_psql('postgres', "DELETE FROM items WHERE id % 5 = $round");
		$node->safe_psql('postgres', 'UPDATE items SET embedding = draw(id + 1) WHERE id % 11 = 0');
		$fetch->(400);
		$node->safe_psql('postgres', 'VACUUM items');
		$fetch->(1);
		$node->safe_psql('postgres', "INSERT INTO items SELECT n + 100000 * $round + 60000, draw(n + 3) FROM generate_series(1, 300) AS n");
		$fetch->('ALL');
		foreach my $name (sort keys %cursor)
		{
			is(join("\n", sort keys %{ $seen{$name} }), $all, "order by the $order, round $round, $name: every row of the snapshot");
			is(scalar(grep { $_ > 1 } values %{ $seen{$name} }), 0, "order by the $order, round $round, $name: none twice");
		}
		$_->query_safe('COMMIT') foreach values %cursor;
		$node->safe_psql('postgres', 'VACUUM items');
	}
	$_->quit foreach values %cursor;
	$node->safe_psql('postgres', 'DROP TABLE items; DROP FUNCTION draw');
}

$node->stop;
unlike(slurp_file($node->logfile), qr/ERROR|PANIC|TRAP|terminated by signal/, 'no error in the log');
done_testing();
