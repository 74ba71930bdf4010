-- hnsw with vector_l2_ops: which rows an index scan returns, and in which order.
-- Element levels are random, so the tables are small and hnsw.ef_search covers them.

-- Whether a scan of `items` by the index gives `count` rows, none of them twice, at the distances that a
-- sequential scan and a sort give. (Coordinates are binary fractions, so that distances have no rounding errors.)
CREATE FUNCTION same_as_seqscan(query vector, count int) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	statement text := 'WITH t AS MATERIALIZED
		(SELECT id, embedding <-> $1 AS d FROM items WHERE embedding IS NOT NULL ORDER BY embedding <-> $1 LIMIT $2)
		SELECT (SELECT array_agg(d) FROM t), (SELECT count(DISTINCT id) FROM t)';
	exact float8[];
	found float8[];
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

CREATE TABLE items (id int, embedding vector(3)) WITH (autovacuum_enabled = off);
-- 5 x 5 x 5 points, not in the order of their places
INSERT INTO items SELECT n, ARRAY[n * 7 % 125 % 5, n * 7 % 125 / 5 % 5, n * 7 % 125 / 25]::vector FROM generate_series(0, 124) AS n;
INSERT INTO items VALUES (125, NULL), (126, NULL);
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);

-- plans
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE id < 50 ORDER BY '[1,2,3]' <-> embedding LIMIT 5;
-- not without ORDER BY, not by another operator, not backwards, not by an expression of the distance
-- EXPLAIN says the same otherwise in later versions of PostgreSQL.
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/plan.sql
SELECT plan($$SELECT count(*) FROM items$$);
SELECT plan($$SELECT id FROM items WHERE embedding <-> '[1,2,3]' < 2$$);
SELECT plan($$SELECT id FROM items ORDER BY embedding <=> '[1,2,3]' LIMIT 5$$);
SELECT plan($$SELECT id FROM items ORDER BY embedding <-> '[1,2,3]' DESC LIMIT 5$$);
SELECT plan($$SELECT id FROM items ORDER BY (embedding <-> '[1,2,3]') + 1 LIMIT 5$$);

-- order and LIMIT
SELECT embedding, embedding <-> '[1.25,2.125,2.9375]' AS distance FROM items ORDER BY embedding <-> '[1.25,2.125,2.9375]' LIMIT 4;
SELECT embedding FROM items ORDER BY '[9,9,8]' <-> embedding LIMIT 1;
SELECT embedding FROM items ORDER BY embedding <-> '[-1,-1,-2]' LIMIT 0;
SELECT embedding FROM items ORDER BY embedding <-> '[0.125,0.25,0.5]' OFFSET 3 LIMIT 2;
SELECT embedding FROM items WHERE id % 2 = 0 ORDER BY embedding <-> '[1.25,2.125,2.9375]' LIMIT 2;

-- with the default hnsw.ef_search
SELECT same_as_seqscan('[1,2,3]', 10), same_as_seqscan('[-5,0,100]', 10), same_as_seqscan('[2,2,2]', 1);
-- all rows, but those without an embedding
SET hnsw.ef_search = 300;
SELECT same_as_seqscan('[1,2,3]', 125), same_as_seqscan('[0.125,0.625,-0.25]', 125), same_as_seqscan('[4,4,4]', 124);
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 1000) t;

-- rows inserted into the built index
INSERT INTO items SELECT 200 + n, ARRAY[n % 5, n / 5, 7]::vector FROM generate_series(0, 24) AS n;
INSERT INTO items VALUES (225, NULL), (226, '[1,1,7]'), (227, '[-0,0,-0]');
SELECT id FROM items ORDER BY embedding <-> '[1,3,8]' LIMIT 1;
SELECT id FROM items WHERE embedding <-> '[0,0,0]' = 0 ORDER BY embedding <-> '[0,0,0]', id;
SELECT same_as_seqscan('[1,2,3]', 152), same_as_seqscan('[1,1,7]', 60);
-- not those of a transaction rolled back
BEGIN;
INSERT INTO items VALUES (228, '[9,9,9]');
SELECT id FROM items ORDER BY embedding <-> '[9,9,9]' LIMIT 1;
ROLLBACK;
SELECT embedding FROM items ORDER BY embedding <-> '[9,9,9]' LIMIT 1;
SELECT same_as_seqscan('[9,9,9]', 152);

-- UPDATE, also of another column
UPDATE items SET embedding = '[9,0,9]' WHERE id = 200;
UPDATE items SET id = 300 WHERE id = 200;
UPDATE items SET embedding = NULL WHERE id = 201;
UPDATE items SET embedding = '[9,1,9]' WHERE id = 225;
SELECT id, embedding FROM items ORDER BY embedding <-> '[9,0,9]' LIMIT 2;
SELECT same_as_seqscan('[0,0,7]', 152);

-- DELETE, VACUUM, and again as many rows: the index does not grow
SELECT pg_relation_size('items_embedding') AS size \gset
DELETE FROM items WHERE id % 2 = 0;
SELECT same_as_seqscan('[1,2,3]', (SELECT count(embedding)::int FROM items));
VACUUM (FREEZE) items;
SELECT same_as_seqscan('[1,2,3]', (SELECT count(embedding)::int FROM items));
INSERT INTO items SELECT 400 + 2 * n, ARRAY[n % 8, n / 8, -1]::vector FROM generate_series(0, 63) AS n;
SELECT same_as_seqscan('[1,2,-3]', (SELECT count(embedding)::int FROM items));
DELETE FROM items WHERE id % 2 = 0;
VACUUM (FREEZE) items;
INSERT INTO items SELECT 400 + 2 * n, ARRAY[n / 8, n % 8, -2]::vector FROM generate_series(0, 63) AS n;
DELETE FROM items WHERE id % 2 = 0;
VACUUM (FREEZE) items;
INSERT INTO items SELECT 400 + 2 * n, ARRAY[n / 8, n % 8, -3]::vector FROM generate_series(0, 63) AS n;
SELECT same_as_seqscan('[1,2,-3]', (SELECT count(embedding)::int FROM items));
-- levels are random: a page of lists more or less
SELECT pg_relation_size('items_embedding') <= :size + 8192 AS same_size;

-- everything deleted
DELETE FROM items;
SELECT id FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 1;
VACUUM (FREEZE) items;
SELECT id FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 1;
INSERT INTO items SELECT n, ARRAY[n % 5, n / 5 % 5, n / 25]::vector FROM generate_series(0, 124) AS n;
SELECT same_as_seqscan('[3,2,1]', 125);
-- levels are random: a page of lists more or less
SELECT pg_relation_size('items_embedding') <= :size + 8192 AS same_size;

-- TRUNCATE, also twice in one transaction
TRUNCATE items;
SELECT id FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 1;
INSERT INTO items VALUES (1, '[1,2,3]');
SELECT id FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 5;
INSERT INTO items VALUES (2, '[1,2,1]'), (3, NULL);
SELECT id FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 5;
BEGIN;
TRUNCATE items;
INSERT INTO items VALUES (3, '[1,2,3]');
TRUNCATE items;
INSERT INTO items VALUES (4, '[1,2,3]');
SELECT id FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 5;
ROLLBACK;
SELECT id FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 5;

-- built on an empty table, on one row, on NULLs only
DROP INDEX items_embedding;
TRUNCATE items;
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
SELECT id FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 1;
INSERT INTO items SELECT n, ARRAY[n % 5, n / 5 % 5, n / 25]::vector FROM generate_series(0, 124) AS n;
SELECT same_as_seqscan('[3,2,1]', 125);
TRUNCATE items;
INSERT INTO items VALUES (1, '[1,2,3]');
REINDEX INDEX items_embedding;
SELECT id FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 5;
UPDATE items SET embedding = NULL;
REINDEX INDEX items_embedding;
SELECT id FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 5;

-- Equal rows share an element and all come back. Here 1000 are inserted, 2000 there when the index is built.
TRUNCATE items;
INSERT INTO items SELECT n, '[1,2,3]' FROM generate_series(1, 2000) AS n;
REINDEX INDEX items_embedding;
INSERT INTO items SELECT n, '[1,2,3]' FROM generate_series(2001, 3000) AS n;
SET hnsw.ef_search = 1;
SELECT same_as_seqscan('[1,2,3]', 3000), same_as_seqscan('[3,3,3]', 3000), same_as_seqscan('[1,2,3]', 300);
SET hnsw.ef_search = 300;
-- and they do not hide others
INSERT INTO items SELECT 4000 + n, ARRAY[1 + n % 3, 2 + n / 3, 3]::vector FROM generate_series(1, 29) AS n;
SELECT same_as_seqscan('[1,2,3]', 3029), same_as_seqscan('[3,9,3]', 29);
-- room of removed rows is used again
SELECT pg_relation_size('items_embedding') AS size \gset
DELETE FROM items WHERE id BETWEEN 1 AND 2500;
VACUUM (FREEZE) items;
SELECT same_as_seqscan('[1,2,3]', 529);
INSERT INTO items SELECT n, '[1,2,3]' FROM generate_series(1, 2500) AS n;
SELECT same_as_seqscan('[1,2,3]', 3029);
DELETE FROM items WHERE id < 4000;
VACUUM (FREEZE) items;
SELECT same_as_seqscan('[1,2,3]', 29);
INSERT INTO items SELECT n, '[1,2,3]' FROM generate_series(1, 3000) AS n;
SELECT same_as_seqscan('[1,2,3]', 3029);
SELECT pg_relation_size('items_embedding') <= :size AS no_larger;

-- distances too large for float4
TRUNCATE items;
INSERT INTO items VALUES (1, '[3e38,-3e38,3e38]'), (2, '[-3e38,3e38,-3e38]'), (3, '[1,2,3]'), (4, '[1e-45,0,0]'), (5, '[0,0,0]');
SELECT id FROM items ORDER BY embedding <-> '[1,2,3]', id;
SELECT id FROM items ORDER BY embedding <-> '[3e38,-3e38,3e38]' LIMIT 1;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[3e38,-3e38,3e38]' LIMIT 10) t;

-- queries that are no vector of the column
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> NULL LIMIT 10) t;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> (SELECT NULL::vector) LIMIT 10) t;
SELECT id FROM items ORDER BY embedding <-> '[1,2]' LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
SELECT id FROM items ORDER BY embedding <-> (SELECT '[1,2,3,4]'::vector) LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items VALUES (6, '[1,2]');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[0,0,0]' LIMIT 10) t;

-- dimensions of the column
CREATE TABLE anything (embedding vector);
CREATE INDEX ON anything USING hnsw (embedding vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE wide (id int, embedding vector(8001));
CREATE INDEX ON wide USING hnsw (embedding vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE wide ALTER COLUMN embedding TYPE vector(2001);
CREATE INDEX ON wide USING hnsw (embedding vector_l2_ops) WITH (quantization = 'none');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE wide ALTER COLUMN embedding TYPE vector(2000);
INSERT INTO wide SELECT n, array_fill(n, ARRAY[2000])::vector FROM generate_series(1, 20) AS n;
CREATE INDEX ON wide USING hnsw (embedding vector_l2_ops) WITH (quantization = 'none');
INSERT INTO wide SELECT n, (array_fill(n, ARRAY[1999]) || 0)::vector FROM generate_series(21, 40) AS n;
SELECT array_agg(id) FROM (SELECT id FROM wide ORDER BY embedding <-> array_fill(0, ARRAY[2000])::vector LIMIT 100) t;
DELETE FROM wide WHERE id % 3 = 0;
VACUUM (FREEZE) wide;
SELECT array_agg(id) FROM (SELECT id FROM wide ORDER BY embedding <-> array_fill(0, ARRAY[2000])::vector LIMIT 100) t;
CREATE TABLE narrow (id int, embedding vector(1));
CREATE INDEX ON narrow USING hnsw (embedding vector_l2_ops);
INSERT INTO narrow SELECT n, ARRAY[n * 37 % 101]::vector FROM generate_series(0, 100) AS n;
SELECT embedding FROM narrow ORDER BY embedding <-> '[50.25]' LIMIT 5;

DROP FUNCTION same_as_seqscan;
DROP TABLE items, anything, wide, narrow;
