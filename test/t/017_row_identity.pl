# Rows that PostgreSQL reorders for us keep their identity: ctid, and locks on them.
#
# Releases before November 2026 lose it for every index whose distances are bounds, GiST's as well
# (ExecForceStoreHeapTuple leaves tts_tid invalid): ctid is (4294967295,0) and FOR UPDATE fails. There we
# only check that hnsw.exact_order = off, which reorders nothing, is a way out.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $node = started_node('main', '');
$node->safe_psql('postgres', q(
	CREATE TABLE triangles (id int, p polygon);
	INSERT INTO triangles SELECT i, format('((%s,0),(%s,9),(%s,0))', i * 10, i * 10 + 9, i * 10 + 9)::polygon FROM generate_series(1, 3000) i;
	CREATE INDEX ON triangles USING gist (p);
	ANALYZE triangles;
	CREATE TABLE items (id int, embedding vector(32));
	SELECT setseed(0.5);
	INSERT INTO items SELECT i, (SELECT array_agg(random()) FROM generate_series(1, 32) WHERE i > 0)::vector FROM generate_series(1, 2000) i;
	CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = 'sq8');
));
my $reordered_rows_have_ctids = $node->safe_psql('postgres', q(
	SET enable_seqscan = off;
	SELECT bool_and(ctid <> '(4294967295,0)') FROM (SELECT ctid FROM triangles ORDER BY p <-> point(15000, 4) LIMIT 20) t)) eq 't';
diag('this PostgreSQL loses the ctid of reordered rows') unless $reordered_rows_have_ctids;

my $query = '(SELECT embedding FROM items WHERE id = 7)';
foreach my $exact_order ($reordered_rows_have_ctids ? ('on', 'off') : ('off'))
{
	my $settings = by_index_only(40) . "SET hnsw.exact_order = $exact_order;";
	is($node->safe_psql('postgres', "$settings
			WITH found AS MATERIALIZED (SELECT ctid, id FROM items ORDER BY embedding <-> $query LIMIT 30)
			SELECT count(*) FROM items JOIN found ON items.ctid = found.ctid AND items.id = found.id"),
		30, "exact_order = $exact_order: ctid is that of the row");
	is($node->safe_psql('postgres', "$settings
			SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> $query LIMIT 30 FOR UPDATE) t"),
		30, "exact_order = $exact_order: FOR UPDATE");
	is($node->safe_psql('postgres', "$settings BEGIN;
			WITH gone AS (DELETE FROM items WHERE ctid IN (SELECT ctid FROM items ORDER BY embedding <-> $query LIMIT 30) RETURNING id)
			SELECT count(*) FROM gone; ROLLBACK"),
		30, "exact_order = $exact_order: DELETE by ctid");
}

$node->stop;
done_testing();
