-- hnsw with vector_cosine_ops: directions only. hnsw_l2 has more; here is what differs.

-- Whether a scan of `items` by the index gives `count` rows, none of them twice, which are the `count` nearest
-- of a sequential scan and a sort, in the same order up to rounding errors.
CREATE FUNCTION same_as_seqscan(query vector, count int) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	statement text := 'WITH t AS MATERIALIZED (SELECT id, embedding <=> $1 AS d FROM items
			WHERE embedding IS NOT NULL AND vector_norm(embedding) > 0 ORDER BY embedding <=> $1 LIMIT $2)
		SELECT (SELECT array_agg(round(d::numeric, 5)) FROM t), (SELECT count(DISTINCT id) FROM t)';
	exact numeric[];
	found numeric[];
	found_rows int;
BEGIN
	SET LOCAL enable_indexscan = off;
	SET LOCAL enable_seqscan = on;
	EXECUTE statement INTO exact USING query, count;
	SET LOCAL enable_indexscan = on;
	SET LOCAL enable_seqscan = off;
	EXECUTE statement INTO found, found_rows USING query, count;
	IF exact IS DISTINCT FROM found OR found_rows <> count THEN
		RAISE WARNING 'found % of % rows: %', found_rows, count, left(found::text, 300);
	END IF;
	RETURN exact IS NOT DISTINCT FROM found AND found_rows = count;
END $$;

SET enable_seqscan = off;
SET hnsw.ef_search = 300;

CREATE TABLE items (id int, embedding vector(2)) WITH (autovacuum_enabled = off);
-- directions every 3 degrees, lengths that have nothing to do with them
INSERT INTO items SELECT n, ARRAY[cosd(3 * n) * (1 + n * 7 % 20), sind(3 * n) * (1 + n * 7 % 20)]::vector FROM generate_series(0, 119) AS n;
INSERT INTO items VALUES (120, NULL), (121, '[0,0]'), (122, '[0,-0]');
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_cosine_ops);

EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY embedding <=> '[1,2]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY '[1,2]' <=> embedding LIMIT 5;
-- EXPLAIN says the same otherwise in later versions of PostgreSQL.
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/plan.sql
SELECT plan($$SELECT id FROM items ORDER BY embedding <#> '[1,2]' LIMIT 5$$);

-- 43 degrees: a direction without ties
SELECT id FROM items ORDER BY embedding <=> ARRAY[cosd(43), sind(43)]::vector LIMIT 6;
SELECT id FROM items ORDER BY embedding <=> ARRAY[cosd(43) * 1e30, sind(43) * 1e30]::vector LIMIT 6;
SELECT id FROM items ORDER BY embedding <=> ARRAY[cosd(223) * 1e-30, sind(223) * 1e-30]::vector LIMIT 3;
SELECT same_as_seqscan('[1,2]', 10), same_as_seqscan('[-3,1]', 60), same_as_seqscan('[0,-1]', 120);

-- NULLs and zero vectors are not in the index
SELECT count(*), count(embedding) FROM items;
SELECT count(*), bool_and(vector_norm(embedding) > 0)
FROM (SELECT embedding FROM items ORDER BY embedding <=> '[1,2]' LIMIT 1000) t;
-- a zero vector as the query: no distance is a number, any row will do
SELECT count(*), count(DISTINCT id), bool_and(distance = 'NaN')
FROM (SELECT id, embedding <=> '[0,0]' AS distance FROM items ORDER BY embedding <=> '[0,0]' LIMIT 1000) t;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <=> '[0,0]' LIMIT 7) t;

-- inserted into the built index: between the others, zero, and the same direction at another length
INSERT INTO items SELECT 200 + n, ARRAY[cosd(3 * n + 1.5), sind(3 * n + 1.5)]::vector FROM generate_series(0, 29) AS n;
INSERT INTO items VALUES (300, '[0,0]'), (301, NULL), (302, '[1e-15,0]'), (303, '[1e15,0]');
SELECT id FROM items ORDER BY embedding <=> ARRAY[cosd(43), sind(43)]::vector LIMIT 6;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM items ORDER BY embedding <=> '[5,0]' LIMIT 3) t;
SELECT same_as_seqscan('[1,2]', 152);

-- the same direction at lengths of powers of two shares an element
INSERT INTO items SELECT 1000 + n, ARRAY[3 * 2.0 ^ (n % 50), -4 * 2.0 ^ (n % 50)]::vector FROM generate_series(1, 1000) AS n;
SELECT count(*), bool_and(id > 1000) FROM (SELECT id FROM items ORDER BY embedding <=> '[30,-40]' LIMIT 1000) t;
SET hnsw.ef_search = 1;
SELECT count(*), bool_and(id > 1000) FROM (SELECT id FROM items ORDER BY embedding <=> '[30,-40]' LIMIT 1000) t;
SET hnsw.ef_search = 300;
SELECT same_as_seqscan('[30,-40]', 1152);

-- UPDATE from and to the zero vector
UPDATE items SET embedding = '[0,0]' WHERE id BETWEEN 0 AND 9;
UPDATE items SET embedding = '[-7,-7.0625]' WHERE id = 300;
SELECT id FROM items ORDER BY embedding <=> '[-7,-7.0625]' LIMIT 1;
SELECT same_as_seqscan('[1,0]', 1143);

-- DELETE, VACUUM, and again as many rows
VACUUM (FREEZE) items;
SELECT pg_relation_size('items_embedding') AS size \gset
DELETE FROM items WHERE id % 2 = 0;
VACUUM (FREEZE) items;
SELECT same_as_seqscan('[1,2]', (SELECT count(*)::int FROM items WHERE vector_norm(embedding) > 0));
INSERT INTO items SELECT 2 * n, ARRAY[cosd(3 * n + 1), sind(3 * n + 1)]::vector FROM generate_series(0, 59) AS n;
SELECT same_as_seqscan('[1,2]', (SELECT count(*)::int FROM items WHERE vector_norm(embedding) > 0));
-- levels are random: a page of lists more or less
SELECT pg_relation_size('items_embedding') <= :size + 8192 AS same_size;

-- no row, zero vectors only, one row, equal rows
TRUNCATE items;
INSERT INTO items VALUES (1, '[0,0]');
SELECT id FROM items ORDER BY embedding <=> '[1,2]' LIMIT 5;
REINDEX INDEX items_embedding;
SELECT id FROM items ORDER BY embedding <=> '[1,2]' LIMIT 5;
INSERT INTO items VALUES (2, '[1,2]');
SELECT id FROM items ORDER BY embedding <=> '[2,1]' LIMIT 5;
INSERT INTO items SELECT n, '[1,2]' FROM generate_series(3, 3001) AS n;
SELECT same_as_seqscan('[1,1]', 3000);
REINDEX INDEX items_embedding;
SELECT same_as_seqscan('[1,1]', 3000);

-- queries that are no vector of the column
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <=> NULL LIMIT 10) t;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <=> (SELECT NULL::vector) LIMIT 10) t;
SELECT id FROM items ORDER BY embedding <=> '[1,2,3]' LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items VALUES (6, '[1]');
\echo :LAST_ERROR_SQLSTATE

-- dimensions of the column
CREATE TABLE wide (id int, embedding vector);
CREATE INDEX ON wide USING hnsw (embedding vector_cosine_ops);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE wide ALTER COLUMN embedding TYPE vector(8001);
CREATE INDEX ON wide USING hnsw (embedding vector_cosine_ops);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE wide ALTER COLUMN embedding TYPE vector(2001);
CREATE INDEX ON wide USING hnsw (embedding vector_cosine_ops) WITH (quantization = 'none');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE wide ALTER COLUMN embedding TYPE vector(2000);
-- the first n elements are 1
INSERT INTO wide SELECT n, (array_fill(1, ARRAY[n]) || array_fill(0, ARRAY[2000 - n]))::vector FROM generate_series(100, 1900, 100) AS n;
CREATE INDEX ON wide USING hnsw (embedding vector_cosine_ops);
INSERT INTO wide SELECT n, (array_fill(3, ARRAY[n]) || array_fill(0, ARRAY[2000 - n]))::vector FROM generate_series(50, 1950, 100) AS n;
SELECT array_agg(id) FROM (SELECT id FROM wide ORDER BY embedding <=> array_fill(5, ARRAY[2000])::vector LIMIT 100) t;

DROP FUNCTION same_as_seqscan;
DROP TABLE items, wide;
