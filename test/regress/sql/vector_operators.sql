-- Comparison of vectors: operators, btree, sorting, merge join.

-- element by element, then the shorter first
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, vector_cmp(a, b) AS cmp
FROM (VALUES
	(1, '[1,2]'::vector, '[1,2]'::vector),
	(2, '[1,2]', '[1,3]'),
	(3, '[1,3]', '[1,2]'),
	(4, '[1,2]', '[1,2,-9]'),
	(5, '[1,2,-9]', '[1,2]'),
	(6, '[2]', '[1,9]'),
	(7, '[-1]', '[1]'),
	(8, '[0]', '[-0]'),
	(9, '[1]', NULL)) AS v (n, a, b)
ORDER BY n;
-- the last element of a long vector counts
SELECT array_fill(1, ARRAY[1000])::vector < (array_fill(1, ARRAY[999]) || 2)::vector AS lt;

-- what the planner knows of them
SELECT o.oprname AS operator, c.oprname AS commutator, n.oprname AS negator, o.oprcanmerge AS merges, o.oprcanhash AS hashes, o.oprrest, o.oprjoin
FROM pg_operator o LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator n ON n.oid = o.oprnegate
WHERE o.oprleft = 'vector'::regtype AND o.oprname IN ('<', '<=', '=', '<>', '>=', '>', '<->', '<#>', '<=>', '<+>', '+', '-', '*', '||')
ORDER BY o.oprname COLLATE "C";

CREATE TABLE items (id int, embedding vector);
INSERT INTO items VALUES (1, '[2,1]'), (2, '[1,2]'), (3, '[1]'), (4, '[2,1]'), (5, NULL), (6, '[-3,5]'), (7, '[1,2,0]'), (8, '[0]'), (9, '[-0]');

-- sorting
SELECT id, embedding FROM items ORDER BY embedding, id;
SELECT embedding FROM items WHERE id IN (1, 3, 5) ORDER BY embedding DESC;
SELECT DISTINCT embedding FROM items WHERE id < 8 ORDER BY embedding;
SELECT embedding, count(*) FROM items WHERE id < 8 GROUP BY embedding HAVING count(*) > 1;
SELECT count(DISTINCT embedding) FROM items;
SELECT id FROM items WHERE embedding = '[2,1]' ORDER BY id;
SELECT id FROM items WHERE embedding <> '[2,1]' ORDER BY id;
SELECT id FROM items WHERE embedding BETWEEN '[1]' AND '[1,2]' ORDER BY id;
SELECT id FROM items WHERE embedding IN ('[1]', '[0]') ORDER BY id;

-- btree
CREATE INDEX items_embedding ON items (embedding);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE embedding = '[2,1]';
SELECT id FROM items WHERE embedding = '[2,1]' ORDER BY id;
EXPLAIN (COSTS OFF) SELECT embedding FROM items WHERE embedding > '[1]' ORDER BY embedding;
SELECT embedding FROM items WHERE embedding > '[1]' ORDER BY embedding;
SELECT embedding FROM items WHERE embedding >= '[1]' AND embedding < '[1,3]' ORDER BY embedding DESC;
SELECT embedding FROM items WHERE embedding <= '[1]' AND id < 8 ORDER BY embedding;
SELECT id FROM items WHERE embedding IS NULL;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET enable_sort;
DROP INDEX items_embedding;

-- uniqueness
CREATE TABLE labels (embedding vector(2) PRIMARY KEY, label text);
INSERT INTO labels VALUES ('[2,1]', 'east'), ('[1,2]', 'north'), ('[9,9]', 'far');
INSERT INTO labels VALUES ('[1,2]', 'again');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO labels VALUES ('[1,2]', 'again') ON CONFLICT (embedding) DO UPDATE SET label = excluded.label;
SELECT * FROM labels ORDER BY embedding;

-- merge join
ANALYZE items, labels;
SET enable_hashjoin = off;
SET enable_nestloop = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id, label FROM items JOIN labels USING (embedding);
SELECT id, label FROM items JOIN labels USING (embedding) ORDER BY id;
SELECT id, label FROM items FULL JOIN labels USING (embedding) ORDER BY id, label;
RESET enable_hashjoin;
RESET enable_nestloop;
RESET enable_indexscan;
RESET enable_bitmapscan;

-- statistics and selectivity: <> is the complement of =
CREATE TABLE skewed (embedding vector(1));
INSERT INTO skewed SELECT '[0]'::vector FROM generate_series(1, 900) UNION ALL SELECT ARRAY[n]::vector FROM generate_series(1, 100) n;
ANALYZE skewed;
SELECT n_distinct, null_frac, most_common_freqs[1] FROM pg_stats WHERE tablename = 'skewed';
CREATE FUNCTION estimated_rows(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan->0->'Plan'->>'Plan Rows';
END $$;
SELECT estimated_rows($$SELECT * FROM skewed WHERE embedding = '[0]'$$) AS equal,
	estimated_rows($$SELECT * FROM skewed WHERE embedding <> '[0]'$$) AS different;

DROP FUNCTION estimated_rows;
DROP TABLE items, labels, skewed;
