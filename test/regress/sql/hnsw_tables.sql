-- hnsw on every kind of table and index, and under every kind of query.
-- Small tables and a large hnsw.ef_search: element levels are random, answers must not be.

SET enable_seqscan = off;
CREATE VIEW indexes AS SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public';

-- unlogged
CREATE UNLOGGED TABLE unlogged_items (id int, embedding vector(2));
CREATE INDEX ON unlogged_items USING hnsw (embedding vector_l2_ops);
INSERT INTO unlogged_items SELECT n, ARRAY[n, n * n]::vector FROM generate_series(1, 20) AS n;
SELECT id FROM unlogged_items ORDER BY embedding <-> '[5,26]' LIMIT 3;
ALTER TABLE unlogged_items SET LOGGED;
SELECT id FROM unlogged_items ORDER BY embedding <-> '[5,26]' LIMIT 3;
ALTER TABLE unlogged_items SET UNLOGGED;
DELETE FROM unlogged_items WHERE id = 5;
VACUUM unlogged_items;
SELECT id FROM unlogged_items ORDER BY embedding <-> '[5,26]' LIMIT 3;
DROP TABLE unlogged_items;

-- temporary
CREATE TEMP TABLE temp_items (id int, embedding vector(2)) ON COMMIT DELETE ROWS;
CREATE INDEX ON temp_items USING hnsw (embedding vector_cosine_ops);
BEGIN;
INSERT INTO temp_items SELECT n, ARRAY[10, n]::vector FROM generate_series(1, 20) AS n;
SELECT id FROM temp_items ORDER BY embedding <=> '[1,0.5]' LIMIT 3;
COMMIT;
SELECT id FROM temp_items ORDER BY embedding <=> '[1,0.5]' LIMIT 3;
BEGIN;
INSERT INTO temp_items SELECT n, ARRAY[10, n]::vector FROM generate_series(21, 40) AS n;
SELECT id FROM temp_items ORDER BY embedding <=> '[1,3]' LIMIT 3;
COMMIT;
DROP TABLE temp_items;

-- partitioned: index on the parent, merged order, partitions that come later
CREATE TABLE parts (id int, embedding vector(2)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (20);
CREATE INDEX parts_embedding ON parts USING hnsw (embedding vector_l2_ops) WITH (m = 4);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (20) TO (40);
CREATE TABLE parts_3 (id int, embedding vector(2));
ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (40) TO (60);
INSERT INTO parts SELECT n, ARRAY[n * 7 % 60, 0]::vector FROM generate_series(0, 59) AS n;
EXPLAIN (COSTS OFF) SELECT id FROM parts ORDER BY embedding <-> '[30.25,0]' LIMIT 6;
SELECT id, embedding FROM parts ORDER BY embedding <-> '[30.25,0]' LIMIT 6;
EXPLAIN (COSTS OFF) SELECT id FROM parts WHERE id < 20 ORDER BY embedding <-> '[30.25,0]' LIMIT 2;
SELECT id, embedding FROM parts WHERE id < 20 ORDER BY embedding <-> '[30.25,0]' LIMIT 2;
SELECT indexdef FROM indexes WHERE tablename LIKE 'parts%' ORDER BY indexdef;
UPDATE parts SET id = 25 WHERE embedding = '[30,0]';
SELECT tableoid::regclass, id, embedding FROM parts ORDER BY embedding <-> '[30.25,0]' LIMIT 2;
DROP TABLE parts;

-- expression index, on a column without dimensions and on part of another column
CREATE TABLE anything (id int, embedding vector, list real[]);
INSERT INTO anything SELECT n, ARRAY[n % 5, n / 5, 1]::vector, ARRAY[n, 1, 2, 3] FROM generate_series(0, 24) AS n;
CREATE INDEX anything_embedding ON anything USING hnsw ((embedding::vector(3)) vector_l2_ops);
CREATE INDEX anything_list ON anything USING hnsw ((list[1:2]::vector(2)) vector_l2_ops);
SELECT id FROM anything ORDER BY embedding::vector(3) <-> '[2,3.25,1]' LIMIT 2;
SELECT id FROM anything ORDER BY list[1:2]::vector(2) <-> '[17.25,1]' LIMIT 2;
EXPLAIN (COSTS OFF) SELECT id FROM anything ORDER BY embedding::vector(3) <-> '[2,3.25,1]' LIMIT 2;
-- EXPLAIN says the same otherwise in later versions of PostgreSQL.
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/plan.sql
SELECT plan($$SELECT id FROM anything ORDER BY embedding <-> '[2,3.25,1]' LIMIT 2$$);
INSERT INTO anything VALUES (100, '[1,2]', '{1,2}');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO anything VALUES (100, '[2,3.125,1]', '{7.25,1}'), (101, NULL, NULL);
SELECT id FROM anything ORDER BY embedding::vector(3) <-> '[2,3.25,1]' LIMIT 1;
SELECT id FROM anything ORDER BY list[1:2]::vector(2) <-> '[7.25,1]' LIMIT 1;
SELECT indexdef FROM indexes WHERE tablename = 'anything' ORDER BY indexname;
CREATE INDEX ON anything USING hnsw ((embedding::vector) vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON anything USING hnsw ((embedding::vector(2)) vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
DROP TABLE anything;

CREATE TABLE items (id int PRIMARY KEY, kind int, embedding vector(2)) WITH (autovacuum_enabled = off);
-- a spiral: one row at each of 200 distances from [0,0]
INSERT INTO items SELECT n, n % 4, ARRAY[n * cosd(n * 11), n * sind(n * 11)]::vector FROM generate_series(1, 200) AS n;
SET hnsw.ef_search = 500;

-- partial
CREATE INDEX items_kind_1 ON items USING hnsw (embedding vector_l2_ops) WHERE kind = 1;
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE kind = 1 ORDER BY embedding <-> '[0,0]' LIMIT 3;
SELECT id FROM items WHERE kind = 1 ORDER BY embedding <-> '[0,0]' LIMIT 3;
SELECT plan($$SELECT id FROM items WHERE kind = 2 ORDER BY embedding <-> '[0,0]' LIMIT 3$$);
SELECT plan($$SELECT count(*) FROM items WHERE kind = 1$$);
UPDATE items SET kind = 1 WHERE id = 2;
UPDATE items SET kind = 2 WHERE id = 1;
SELECT id FROM items WHERE kind = 1 ORDER BY embedding <-> '[0,0]' LIMIT 3;
SELECT count(*) FROM (SELECT FROM items WHERE kind = 1 ORDER BY embedding <-> '[0,0]') t;
SELECT pg_get_indexdef('items_kind_1'::regclass);
DROP INDEX items_kind_1;

-- CREATE INDEX CONCURRENTLY, REINDEX, REINDEX CONCURRENTLY
CREATE INDEX CONCURRENTLY items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (m = 12, ef_construction = 50);
SELECT count(*), max(d) FROM (SELECT round((embedding <-> '[0,0]')::numeric, 3) AS d FROM items ORDER BY embedding <-> '[0,0]') t;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 3;
DELETE FROM items WHERE id = 2;
REINDEX INDEX items_embedding;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 3;
DELETE FROM items WHERE id = 3;
REINDEX INDEX CONCURRENTLY items_embedding;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 3;
REINDEX TABLE CONCURRENTLY items;
SELECT indisvalid, indisready FROM pg_index WHERE indexrelid = 'items_embedding'::regclass;
SELECT indexdef FROM indexes WHERE indexname = 'items_embedding';
-- of the rows that are not vectors of one length
CREATE TABLE anything (embedding vector);
INSERT INTO anything VALUES ('[1,2]'), ('[1]');
CREATE INDEX CONCURRENTLY anything_embedding ON anything USING hnsw ((embedding::vector(2)) vector_l2_ops);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'anything_embedding'::regclass;
DROP TABLE anything;

-- CLUSTER and VACUUM FULL by another index: rows have moved
CLUSTER items USING items_pkey;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 3;
VACUUM FULL items;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 3;

-- a change of the type builds the index anew
BEGIN;
ALTER TABLE items ALTER COLUMN embedding TYPE vector(4) USING (embedding::real[] || '{0,1}'::real[])::vector;
SELECT id FROM items ORDER BY embedding <-> '[0,0,0,1]' LIMIT 3;
INSERT INTO items VALUES (1000, 0, '[0,0,0,1.125]');
SELECT id FROM items ORDER BY embedding <-> '[0,0,0,1]' LIMIT 3;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[0,0,0,1]') t;
ROLLBACK;
-- to a type without dimensions PostgreSQL keeps the index as it is, and that still wants 2
BEGIN;
ALTER TABLE items ALTER COLUMN embedding TYPE vector;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 3;
INSERT INTO items VALUES (1000, 0, '[1,0.125]');
SELECT id FROM items ORDER BY embedding <-> '[1,0.125]' LIMIT 1;
SAVEPOINT s;
INSERT INTO items VALUES (1001, 0, '[1,2,3]');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
REINDEX INDEX items_embedding;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
ALTER TABLE items ALTER COLUMN embedding TYPE vector(2);
SELECT id FROM items ORDER BY embedding <-> '[1,0.125]' LIMIT 1;
ROLLBACK;
ALTER TABLE items ALTER COLUMN embedding TYPE vector(3);
\echo :LAST_ERROR_SQLSTATE
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 3;

-- prepared statements, with plans for the parameters and without
PREPARE nearest(vector, int) AS SELECT id FROM items ORDER BY embedding <-> $1 LIMIT $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest('[0,0]', 3);
EXECUTE nearest('[0,0]', 3);
EXECUTE nearest(NULL, 0);
EXECUTE nearest('[1,2,3]', 1);
SET plan_cache_mode = force_custom_plan;
EXECUTE nearest('[0,0]', 2);
RESET plan_cache_mode;
INSERT INTO items VALUES (1000, 0, '[0.125,0]');
EXECUTE nearest('[0,0]', 2);
DROP INDEX items_embedding;
EXECUTE nearest('[0,0]', 2);
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
EXECUTE nearest('[0,0]', 2);
DEALLOCATE nearest;
DELETE FROM items WHERE id = 1000;

-- the operand from a subquery
SELECT plan('SELECT id FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 151) LIMIT 1');
SELECT id FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 151) LIMIT 1;
SELECT id FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = -1) LIMIT 0;

-- scans started again: the 3 nearest of each of several rows
SELECT plan($$SELECT i.id, near.id FROM items i, LATERAL
	(SELECT id FROM items ORDER BY embedding <-> i.embedding LIMIT 3) near WHERE i.kind = 0$$);
SELECT count(*), count(*) FILTER (WHERE near.id = exact.id), count(*) FILTER (WHERE exact.id = i.id)
FROM items i,
	LATERAL (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM items ORDER BY embedding <-> i.embedding LIMIT 3) t) near,
	LATERAL (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM items ORDER BY (embedding <-> i.embedding) + 0 LIMIT 3) t) exact
WHERE i.kind = 0 AND near.n = exact.n;
-- also with no query for some
SELECT q.id, near.id FROM (VALUES (1, '[0,0]'::vector), (2, NULL), (3, '[0,4.125]')) AS q (id, embedding)
LEFT JOIN LATERAL (SELECT id FROM items WHERE q.embedding IS NOT NULL ORDER BY embedding <-> q.embedding LIMIT 1) near ON true ORDER BY q.id;
-- the same index twice in a query
SELECT a.id, b.id FROM (SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 1) a,
	(SELECT id FROM items ORDER BY embedding <-> '[1000,0]' LIMIT 1) b;

-- cursors see what was there when they were opened
BEGIN;
DECLARE near CURSOR FOR SELECT id FROM items ORDER BY embedding <-> '[0,0]';
FETCH 3 FROM near;
INSERT INTO items VALUES (1000, 0, '[5.5,0]');
DELETE FROM items WHERE id = 8;
FETCH 3 FROM near;
MOVE 100 IN near;
FETCH 1 FROM near;
CLOSE near;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' OFFSET 3 LIMIT 4;
ROLLBACK;
BEGIN;
DECLARE near SCROLL CURSOR FOR SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 10;
FETCH 4 FROM near;
FETCH BACKWARD 2 FROM near;
FETCH LAST FROM near;
FETCH NEXT FROM near;
FETCH FIRST FROM near;
COMMIT;
BEGIN;
DECLARE near CURSOR WITH HOLD FOR SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 4;
FETCH 1 FROM near;
COMMIT;
FETCH 5 FROM near;
CLOSE near;

-- rows locked, updated and deleted by nearness
BEGIN;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 2 FOR UPDATE;
UPDATE items SET kind = -1 WHERE id IN (SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 2) RETURNING id, kind;
DELETE FROM items WHERE id = (SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 1) RETURNING id;
SELECT id, kind FROM items ORDER BY embedding <-> '[0,0]' LIMIT 2;
ROLLBACK;
-- subtransactions
BEGIN;
INSERT INTO items VALUES (1001, 0, '[0,0.25]');
SAVEPOINT s;
INSERT INTO items VALUES (1002, 0, '[0,0.125]');
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 2;
ROLLBACK TO s;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 2;
ROLLBACK;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 2;
-- ON CONFLICT
INSERT INTO items VALUES (4, 0, '[0,0.25]') ON CONFLICT (id) DO UPDATE SET embedding = EXCLUDED.embedding;
SELECT id FROM items ORDER BY embedding <-> '[0,0]' LIMIT 2;

-- several indexes on one column, each for its operator
CREATE INDEX items_cosine ON items USING hnsw (embedding vector_cosine_ops);
CREATE INDEX items_ip ON items USING hnsw (embedding vector_ip_ops);
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY embedding <-> '[1,0]' LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY embedding <=> '[1,0]' LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY embedding <#> '[1,0]' LIMIT 1;
INSERT INTO items VALUES (1003, 0, '[1e6,1]');
SELECT id FROM items ORDER BY embedding <=> '[1,0.000001]' LIMIT 1;
SELECT id FROM items ORDER BY embedding <#> '[1,0]' LIMIT 1;
DROP TABLE items;

-- A graph that outgrows maintenance_work_mem is written out, and the rest inserted. (The NOTICE names a number of
-- rows that depends on random levels; test/t/010_recall.pl looks at it.)
CREATE TABLE large (id int, embedding vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO large SELECT n, (array_fill(0, ARRAY[n % 64]) || 1 || array_fill(n / 64, ARRAY[63 - n % 64]))::vector FROM generate_series(1, 3000) AS n;
SET client_min_messages = warning;
SET maintenance_work_mem = '1MB';
CREATE INDEX large_embedding ON large USING hnsw (embedding vector_l2_ops) WITH (quantization = 'none');
RESET maintenance_work_mem;
RESET client_min_messages;
SELECT pg_relation_size('large_embedding') > 1024 * 1024 AS outgrown;
SELECT reltuples FROM pg_class WHERE relname = 'large_embedding';
SET hnsw.ef_search = 40;
SELECT count(*) > 195 AS found_themselves FROM generate_series(1, 3000, 15) AS q,
	LATERAL (SELECT id, embedding FROM large ORDER BY embedding <-> (SELECT embedding FROM large WHERE id = q) LIMIT 1) near
WHERE embedding = (SELECT embedding FROM large WHERE id = q);
DROP TABLE large;
DROP VIEW indexes;
