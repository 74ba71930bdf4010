-- hnsw: scans that go on after their first candidates, until every row was returned.
-- Element levels and rotations are random: which rows come late is not certain, that all come is.

SET enable_seqscan = off;
SET enable_sort = off;
SET jit = off;
LOAD 'vector';

-- settings
SELECT name, setting, vartype, context, min_val, max_val, enumvals, boot_val FROM pg_settings WHERE name LIKE 'hnsw.%' ORDER BY name;
SET hnsw.iterative_scan = 'x';
\echo :LAST_ERROR_SQLSTATE
SET hnsw.iterative_scan = on;
SET hnsw.max_scan_tuples = 0;
\echo :LAST_ERROR_SQLSTATE
SET hnsw.max_scan_tuples = 2147483648;
SET hnsw.scan_mem_multiplier = 0.5;
\echo :LAST_ERROR_SQLSTATE
SET hnsw.scan_mem_multiplier = 1001;
SET hnsw.exact_order = 'sometimes';
\echo :LAST_ERROR_SQLSTATE

-- vectors of 32 elements, in 20 clusters; 2 rows are NULL
CREATE TABLE items (id int, embedding vector(32)) WITH (autovacuum_enabled = off);
INSERT INTO items
SELECT n, ARRAY(SELECT ((hashint4extended(n % 20 * 1000 + k, 1) & 255) + (hashint4extended(n * 1000 + k, 2) & 63))::real / 64 FROM generate_series(1, 32) AS k)
FROM generate_series(1, 3000) AS n;
INSERT INTO items VALUES (3001, NULL), (3002, NULL);
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = sq8);
SELECT embedding AS query FROM items WHERE id = 1234 \gset

-- How many rows a scan returns, and how many different ones.
CREATE FUNCTION returned(query vector, want int DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT count(*) || CASE WHEN count(*) = count(DISTINCT id) THEN ' rows' ELSE ' rows, not all different' END
	FROM (SELECT id FROM items ORDER BY embedding <-> query LIMIT want) t
$$;
-- EXPLAIN says the same otherwise in later versions of PostgreSQL.
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/plan.sql
SELECT plan('SELECT id FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 1) LIMIT 500');

-- LIMIT beyond hnsw.ef_search, and none
SELECT returned(:'query', 40), returned(:'query', 41), returned(:'query', 500), returned(:'query', 2999), returned(:'query');
SELECT id FROM items ORDER BY embedding <-> :'query' LIMIT 1;
-- whatever the settings
CREATE TABLE settings (iterative_scan text, ef_search int, max_scan_tuples int, exact_order bool);
INSERT INTO settings
SELECT i, e, m, x FROM unnest(ARRAY['strict_order', 'relaxed_order']) AS i, unnest(ARRAY[1, 40, 5000]) AS e, unnest(ARRAY[1, 700, 20000]) AS m, unnest(ARRAY[true, false]) AS x;
CREATE FUNCTION returned_with(s settings, query vector) RETURNS text LANGUAGE sql AS $$
	SELECT set_config('hnsw.iterative_scan', s.iterative_scan, true), set_config('hnsw.ef_search', s.ef_search::text, true),
		set_config('hnsw.max_scan_tuples', s.max_scan_tuples::text, true), set_config('hnsw.exact_order', s.exact_order::text, true);
	SELECT returned(query) || ', ' || returned(NULL) || ', ' || returned(array_fill(1e6, ARRAY[32])::vector, 1500)
$$;
SELECT returned_with(s, :'query'), count(*) FROM settings s GROUP BY 1;

-- off: at most hnsw.ef_search elements
SET hnsw.iterative_scan = off;
SELECT returned(:'query'), returned(:'query', 10), returned(:'query', 41), returned(NULL, 100);
SET hnsw.ef_search = 1;
SELECT returned(:'query'), returned(:'query', 10);
SET hnsw.exact_order = off;
SELECT returned(:'query'), returned(:'query', 10);
RESET hnsw.exact_order;
RESET hnsw.ef_search;
SELECT count(*) <= 40 AS few FROM (SELECT FROM items WHERE id % 1000 = 7 ORDER BY embedding <-> :'query' LIMIT 10) t;
RESET hnsw.iterative_scan;

-- filters that few rows pass, or none
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE id % 1000 = 7 ORDER BY embedding <-> :'query' LIMIT 10;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM items WHERE id % 1000 = 7 ORDER BY embedding <-> :'query' LIMIT 10) t;
SELECT count(*) FROM (SELECT FROM items WHERE id % 100 = 7 ORDER BY embedding <-> :'query' LIMIT 25) t;
SELECT count(*) FROM (SELECT FROM items WHERE id < 0 ORDER BY embedding <-> :'query' LIMIT 10) t;
SET hnsw.max_scan_tuples = 1;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM items WHERE id % 1000 = 7 ORDER BY embedding <-> :'query' LIMIT 10) t;
RESET hnsw.max_scan_tuples;

-- rows of the table that go away and come
BEGIN;
DELETE FROM items WHERE id % 2 = 0;
SELECT returned(:'query', 1600);
INSERT INTO items SELECT -id, embedding FROM items WHERE id % 30 = 1;
SELECT returned(:'query');
ROLLBACK;
SELECT returned(:'query');
DELETE FROM items WHERE id > 2990;
VACUUM items;
SELECT returned(:'query');

-- cursors
CREATE FUNCTION moved(near refcursor, count int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	moved bigint;
BEGIN
	MOVE FORWARD count IN near;
	GET DIAGNOSTICS moved = ROW_COUNT;
	RETURN moved;
END $$;
BEGIN;
DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> :'query';
FETCH 1 FROM near;
SELECT moved('near', 100);
SELECT returned(:'query', 50);
INSERT INTO items SELECT -id, embedding FROM items WHERE id <= 300;
DELETE FROM items WHERE id > 2000;
SELECT moved('near', 2800);
SELECT moved('near', 100000);
FETCH 1 FROM near;
CLOSE near;
-- closed, or rolled back, in the sweep
SET LOCAL hnsw.max_scan_tuples = 1;
DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> :'query';
SELECT moved('near', 500);
CLOSE near;
SAVEPOINT s;
DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> :'query';
SELECT moved('near', 500);
ROLLBACK TO s;
DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> :'query';
SELECT moved('near', 500);
SAVEPOINT s;
SELECT moved('near', 500);
ROLLBACK TO s;
SELECT moved('near', 100000);
ROLLBACK;
-- settings are read as the scan goes on
BEGIN;
DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> :'query';
SELECT moved('near', 10);
SET LOCAL hnsw.exact_order = off;
SET LOCAL hnsw.ef_search = 500;
SELECT moved('near', 100);
SET LOCAL hnsw.iterative_scan = relaxed_order;
SET LOCAL hnsw.max_scan_tuples = 1;
SELECT moved('near', 100000);
ROLLBACK;
BEGIN;
DECLARE near SCROLL CURSOR WITH HOLD FOR SELECT id FROM items ORDER BY embedding <-> :'query' LIMIT 700;
SELECT moved('near', 690);
MOVE BACKWARD ALL IN near;
COMMIT;
FETCH 1 FROM near;
SELECT moved('near', 100000);
CLOSE near;

-- scans started again: in a nested loop, with a query that varies, in the middle of the search and of the sweep
SELECT plan($$SELECT q.id, near.count FROM (SELECT * FROM items WHERE id IN (1, 2, 3)) q,
	LATERAL (SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> q.embedding LIMIT q.id * 300) t) near$$);
SELECT q.id, near.count, near.first FROM (SELECT * FROM items WHERE id IN (1, 2, 3)) q,
	LATERAL (SELECT count(*), (array_agg(id))[1] AS first FROM (SELECT id FROM items ORDER BY embedding <-> q.embedding LIMIT q.id * 300) t) near ORDER BY q.id;
SET hnsw.max_scan_tuples = 300;
SELECT q.id, near.count, near.first FROM (VALUES (4000, NULL::vector), (4001, NULL)) AS n, (SELECT * FROM items WHERE id IN (1, 2, 3) UNION ALL SELECT 5, NULL) q,
	LATERAL (SELECT count(*), (array_agg(id))[1] AS first FROM (SELECT id FROM items WHERE q.embedding IS NOT NULL ORDER BY embedding <-> q.embedding LIMIT q.id * 300) t) near ORDER BY q.id;
SELECT n, (SELECT id FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = n) LIMIT 1) FROM generate_series(100, 103) AS n;
RESET hnsw.max_scan_tuples;

-- prepared statements
PREPARE nearest(vector, int) AS SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> $1 LIMIT $2) t;
EXECUTE nearest(:'query', 500);
SET plan_cache_mode = force_generic_plan;
EXECUTE nearest(:'query', 500);
EXECUTE nearest(NULL, 500);
EXECUTE nearest(:'query', NULL);
EXECUTE nearest('[1,2]', 1);
RESET plan_cache_mode;
DEALLOCATE nearest;

-- without a query there is no order, but there are all rows
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> (SELECT NULL::vector)) t;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> (SELECT NULL::vector) LIMIT 2000) t;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 0)) t;

-- a search that ends while it sweeps
SET hnsw.max_scan_tuples = 1;
SELECT 1 / (id - 1234) FROM items ORDER BY embedding <-> :'query';
SELECT sum(1 / (id - 7)) FROM (SELECT id FROM items WHERE id % 1000 = 7 ORDER BY embedding <-> :'query') t;
SELECT returned(:'query');
RESET hnsw.max_scan_tuples;
DROP FUNCTION returned_with, returned, moved;
DROP TABLE items;

-- 5000 equal rows, and 5000 different ones
CREATE TABLE items (id int, embedding halfvec(32)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT n, array_fill(0.5, ARRAY[32])::halfvec FROM generate_series(1, 5000) AS n;
CREATE INDEX items_embedding ON items USING hnsw (embedding halfvec_ip_ops) WITH (quantization = sq8, m = 6, ef_construction = 20);
INSERT INTO items SELECT n, ARRAY(SELECT (hashint4extended(n * 100 + k, 1) & 1023)::real / 512 FROM generate_series(1, 32) AS k) FROM generate_series(5001, 10000) AS n;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <#> array_fill(1, ARRAY[32])::halfvec) t;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <#> array_fill(-1, ARRAY[32])::halfvec LIMIT 4000) t;
SELECT count(*) FROM (SELECT id FROM items WHERE id > 5000 ORDER BY embedding <#> array_fill(-1, ARRAY[32])::halfvec) t;
SET hnsw.iterative_scan = off;
SET hnsw.ef_search = 5500;
SELECT count(*) > 9900 AS nearly_all FROM (SELECT id FROM items ORDER BY embedding <#> array_fill(1, ARRAY[32])::halfvec) t;
RESET hnsw.iterative_scan;
RESET hnsw.ef_search;
DELETE FROM items WHERE id % 2 = 0;
VACUUM items;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <#> array_fill(1, ARRAY[32])::halfvec) t;
DROP INDEX items_embedding;
-- at full precision; zero vectors and NULLs are no rows of this index
CREATE INDEX items_embedding ON items USING hnsw (embedding halfvec_cosine_ops) WITH (quantization = none);
INSERT INTO items VALUES (0, array_fill(0, ARRAY[32])), (-1, NULL);
SELECT count(*), count(DISTINCT id), min(id) FROM (SELECT id FROM items ORDER BY embedding <=> array_fill(1, ARRAY[32])::halfvec) t;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <=> array_fill(0, ARRAY[32])::halfvec) t;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <=> (SELECT NULL::halfvec)) t;
DROP TABLE items;

-- an empty index, and one of NULLs
CREATE TABLE items (id int, embedding vector(32));
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> array_fill(1, ARRAY[32])::vector) t;
INSERT INTO items VALUES (1, NULL);
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> array_fill(1, ARRAY[32])::vector) t;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> (SELECT NULL::vector)) t;
SET hnsw.iterative_scan = off;
SELECT count(*) FROM (SELECT id FROM items ORDER BY embedding <-> array_fill(1, ARRAY[32])::vector) t;
RESET hnsw.iterative_scan;
DROP TABLE items, settings;
