# Rows in exact order keep their identity: ctid, locks on them, and the place of a cursor, whoever puts them in order.
#
# Most releases before November 2026 lose it when the executor does (exact_order.hpp), so what the server decides by itself
# has to be right on every release, and what it is forced to must be as well: the scan's own order.
use strict;
use warnings;

use HnswTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = started_node('main', '');
$node->safe_psql('postgres', q(
	CREATE TABLE items (id int, n int DEFAULT 0, embedding vector(32)) WITH (fillfactor = 70);
	SELECT setseed(0.5);
	INSERT INTO items SELECT i, 0, (SELECT array_agg(random()) FROM generate_series(1, 32) WHERE i > 0)::vector FROM generate_series(1, 2000) i;
	CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = 'sq8');
	CREATE INDEX ON items USING hnsw ((embedding::halfvec(32)) halfvec_cosine_ops) WITH (quantization = 'sq8') WHERE id % 2 = 0;
	-- rows in HOT chains, and dead ones
	UPDATE items SET n = 1 WHERE id % 3 = 0;
	UPDATE items SET n = 2 WHERE id % 6 = 0;
	DELETE FROM items WHERE id % 10 = 3));

my $query = '(SELECT embedding FROM items WHERE id = 8)';
my %case = (
	column => "FROM items ORDER BY embedding <-> $query LIMIT 30",
	expression => "FROM items WHERE id % 2 = 0 ORDER BY embedding::halfvec(32) <=> ${query}::halfvec(32) LIMIT 30",
	'many rows' => "FROM items ORDER BY embedding <-> $query LIMIT 300");

# The ids in order, and that they come from an index scan.
sub ids
{
	my ($settings, $nearest) = @_;
	like($node->safe_psql('postgres', "$settings EXPLAIN SELECT id $nearest"), qr/Index Scan using items_embedding/, 'index scan');
	return $node->safe_psql('postgres', "$settings SELECT id $nearest");
}

# What a statement within a transaction returns, which is then rolled back.
sub result_of
{
	my ($settings, $statements) = @_;
	my ($ret, $stdout, $stderr) = $node->psql('postgres', "$settings BEGIN; $statements; ROLLBACK");
	return $stdout . $stderr;
}

foreach my $order ('as the server decides', 'by the scan', 'off')
{
	local $ENV{VECTOR_FORCE_EXACT_ORDER} = 'scan' if $order eq 'by the scan';
	$node->restart;
	my $settings = by_index_only(40) . 'SET enable_sort = off;' . ($order eq 'off' ? 'SET hnsw.exact_order = off;' : '');
	foreach my $what (sort keys %case)
	{
		my $nearest = $case{$what};
		my $name = "exact order $order, $what";
		my $ids = ids($settings, $nearest);
		my @sorted = sort { $a <=> $b } split /\n/, $ids;
		my $count = @sorted;
		my $sorted = join "\n", @sorted;
		is($count, $what eq 'many rows' ? 300 : 30, "$name: rows");
		if ($order ne 'off')
		{
			is($node->safe_psql('postgres', "SET enable_indexscan = off; SELECT id $nearest"), $ids, "$name: the nearest")
				if $what ne 'many rows';    # of which the search may miss some
		}
		is(result_of($settings, "WITH found AS MATERIALIZED (SELECT ctid, id $nearest)
				SELECT items.id FROM items JOIN found ON items.ctid = found.ctid AND items.id = found.id ORDER BY id"), $sorted, "$name: ctid");
		is(result_of($settings, "SELECT DISTINCT found.tableoid = 'items'::regclass, found.xmin = items.xmin
				FROM (SELECT tableoid, xmin, id $nearest) found JOIN items USING (id)"), 't|t', "$name: other system columns");
		foreach my $lock ('UPDATE', 'NO KEY UPDATE', 'SHARE', 'KEY SHARE', 'UPDATE SKIP LOCKED')
		{
			is(result_of($settings, "SELECT id $nearest FOR $lock"), $ids, "$name: FOR $lock");
		}
		is(result_of($settings, "UPDATE items SET n = 7 FROM (SELECT ctid $nearest) found WHERE items.ctid = found.ctid;
				SELECT id FROM items WHERE n = 7 ORDER BY id"), $sorted, "$name: UPDATE by ctid");
		is(result_of($settings, "WITH gone AS (DELETE FROM items WHERE ctid IN (SELECT ctid $nearest) RETURNING id)
				SELECT id FROM gone ORDER BY id"), $sorted, "$name: DELETE by ctid");
		is(result_of($settings, "DECLARE near CURSOR FOR SELECT id $nearest FOR UPDATE;
				MOVE 4 IN near;
				FETCH near; UPDATE items SET n = 8 WHERE CURRENT OF near;
				FETCH near; DELETE FROM items WHERE CURRENT OF near;
				FETCH near; UPDATE items SET embedding = array_fill(0.5, ARRAY[32])::vector, n = 8 WHERE CURRENT OF near;
				SELECT array_agg(id ORDER BY id) FROM items WHERE n = 8"),
			cursor_result(split /\n/, $ids), "$name: WHERE CURRENT OF");
	}
	is(result_of($settings, "DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> $query;
			MOVE 2 IN near; DELETE FROM items WHERE CURRENT OF near; MOVE ALL IN near;
			SELECT count(*) FROM items"), 1799, "exact order $order: WHERE CURRENT OF without FOR UPDATE");
}

# What a scan holds besides memory is given back, in whatever way it ends.
{
	local $ENV{VECTOR_FORCE_EXACT_ORDER} = 'scan';
	$node->restart;
	my $settings = by_index_only(40) . 'SET enable_sort = off;';
	my $cursor = "CURSOR FOR SELECT id FROM items ORDER BY embedding <-> $query";
	my (undef, $stdout) = $node->psql('postgres', "$settings BEGIN; SAVEPOINT a; DECLARE near $cursor; MOVE 2 IN near; SELECT 1 / 0;
			ROLLBACK TO a; SELECT 'on'; COMMIT", on_error_stop => 0);
	is($stdout, 'on', 'error in a subtransaction with an open cursor');
	is(result_of($settings, "DECLARE near $cursor; SAVEPOINT a; MOVE 50 near; ROLLBACK TO a; MOVE ALL near; SELECT 'on'"),
		'on', 'cursor that outlives the subtransaction it was first read in');
	is($node->safe_psql('postgres', "$settings BEGIN; DECLARE near SCROLL CURSOR WITH HOLD FOR SELECT id $case{column};
			FETCH near; COMMIT; MOVE ALL near; FETCH FIRST near"), "8\n8", 'cursor that outlives its transaction');
	is($node->safe_psql('postgres', "$settings SELECT count(DISTINCT (SELECT id FROM items ORDER BY embedding <-> q.embedding LIMIT 1))
			FROM (SELECT embedding FROM items ORDER BY id LIMIT 100) q"), 100, 'one scan, many searches');
	is($node->safe_psql('postgres', "$settings SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> NULL) t"), 1800, 'null query');
}

sub cursor_result
{
	my @ids = @_;
	return join "\n", @ids[ 4 .. 6 ], '{' . join(',', sort { $a <=> $b } @ids[ 4, 6 ]) . '}';
}

$node->stop;
unlike(slurp_file($node->logfile), qr/leak|PANIC|TRAP|terminated by signal/, 'nothing of the kind in the log');
done_testing();
