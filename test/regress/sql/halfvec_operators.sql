-- Comparison of halfvecs: operators, btree, sorting, merge join. (Hashing: types_hash.)

SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, halfvec_cmp(a, b) AS cmp
FROM (VALUES
	(1, '[1,2]'::halfvec, '[1,2]'::halfvec),
	(2, '[1,2]', '[1,3]'),
	(3, '[1,3]', '[1,2]'),
	(4, '[1,2]', '[1,2,-9]'),
	(5, '[1,2,-9]', '[1,2]'),
	(6, '[2]', '[1,9]'),
	(7, '[-1]', '[1]'),
	(8, '[0]', '[-0]'),
	(9, '[2048]', '[2049]'),
	(10, '[-5.9604645e-08]', '[0]'),
	(11, '[1]', NULL)) AS v (n, a, b)
ORDER BY n;
-- the last element of a long one counts
SELECT array_fill(1, ARRAY[1000])::halfvec < (array_fill(1, ARRAY[999]) || 2)::halfvec AS lt;

-- what the planner knows of them
SELECT o.oprname AS operator, c.oprname AS commutator, n.oprname AS negator, o.oprcanmerge AS merges, o.oprcanhash AS hashes, o.oprrest, o.oprjoin
FROM pg_operator o LEFT JOIN pg_operator c ON c.oid = o.oprcom LEFT JOIN pg_operator n ON n.oid = o.oprnegate
WHERE o.oprleft = 'halfvec'::regtype ORDER BY o.oprname COLLATE "C";

CREATE TABLE items (id int, embedding halfvec);
INSERT INTO items VALUES (1, '[2,1]'), (2, '[1,2]'), (3, '[1]'), (4, '[2,1]'), (5, NULL), (6, '[-3,5]'), (7, '[1,2,0]'), (8, '[0]');
SELECT id, embedding FROM items ORDER BY embedding, id;
SELECT id FROM items WHERE embedding BETWEEN '[1]' AND '[1,2]' ORDER BY id;
SELECT id FROM items WHERE embedding IN ('[1]', '[0]') ORDER BY id;

-- btree is the default for ORDER BY and indexes
CREATE INDEX items_embedding ON items (embedding);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT embedding FROM items WHERE embedding > '[1]' ORDER BY embedding;
SELECT embedding FROM items WHERE embedding > '[1]' ORDER BY embedding;
SELECT id FROM items WHERE embedding = '[2,1]' ORDER BY id;
SELECT embedding FROM items WHERE embedding >= '[1]' AND embedding < '[1,3]' ORDER BY embedding DESC;
SELECT id FROM items WHERE embedding <= '[0]' ORDER BY embedding;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET enable_sort;

-- uniqueness, merge join
CREATE TABLE labels (embedding halfvec(2) PRIMARY KEY, label text);
INSERT INTO labels VALUES ('[2,1]', 'east'), ('[1,2]', 'north');
INSERT INTO labels VALUES ('[1,2.0001]', 'rounds to the same');
\echo :LAST_ERROR_SQLSTATE
ANALYZE items, labels;
SET enable_hashjoin = off;
SET enable_nestloop = off;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id, label FROM items JOIN labels USING (embedding);
SELECT id, label FROM items JOIN labels USING (embedding) ORDER BY id;
RESET enable_hashjoin;
RESET enable_nestloop;
RESET enable_indexscan;
RESET enable_indexonlyscan;
RESET enable_bitmapscan;

DROP TABLE items, labels;
