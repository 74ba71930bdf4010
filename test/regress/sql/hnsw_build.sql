-- Index builds with parallel workers allowed for, on every kind of table and index. Whether workers come or not, and
-- whether the graph fits into memory or not, answers are the same.

SET enable_seqscan = off;
SET max_parallel_maintenance_workers = 2;
LOAD 'vector';
SET hnsw.ef_search = 1000;
\set SHOW_CONTEXT never

-- The vectors are the points of a line, so that the nearest are known.
-- Since PostgreSQL 17 functions of an index are called without public in search_path.
CREATE FUNCTION on_line(n int) RETURNS vector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT ARRAY[n, 1, 2]::public.vector';

-- an ordinary table, built by one process and by several, and in little memory
CREATE TABLE items (id int PRIMARY KEY, kind int, embedding vector(3)) WITH (parallel_workers = 2);
INSERT INTO items SELECT n, n % 2, on_line(n) FROM generate_series(1, 900) AS n;
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
SELECT id FROM items ORDER BY embedding <-> '[450.25,1,2]' LIMIT 3;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,1,2]') t;
SET max_parallel_maintenance_workers = 0;
REINDEX INDEX items_embedding;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,1,2]') t;
SET max_parallel_maintenance_workers = 2;
SET parallel_leader_participation = off;
REINDEX INDEX items_embedding;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,1,2]') t;
SET max_parallel_workers = 0;
REINDEX INDEX items_embedding;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,1,2]') t;
RESET parallel_leader_participation;
RESET max_parallel_workers;
SET maintenance_work_mem = '1MB';
REINDEX TABLE CONCURRENTLY items;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,1,2]') t;
RESET maintenance_work_mem;

-- rewrites: rows move, and the type changes
CLUSTER items USING items_pkey;
SELECT id FROM items ORDER BY embedding <-> '[450.25,1,2]' LIMIT 3;
VACUUM FULL items;
SELECT id FROM items ORDER BY embedding <-> '[450.25,1,2]' LIMIT 3;
ALTER TABLE items ALTER COLUMN embedding TYPE vector(2) USING ARRAY[id * 2, 5]::vector;
SELECT id FROM items ORDER BY embedding <-> '[451.5,5]' LIMIT 2;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,5]') t;
ALTER TABLE items ALTER COLUMN embedding TYPE vector(3) USING on_line(id);
ALTER TABLE items SET UNLOGGED;
SELECT id FROM items ORDER BY embedding <-> '[450.25,1,2]' LIMIT 3;
ALTER TABLE items SET LOGGED;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,1,2]') t;

-- rows that a transaction has just changed, and one that is under way with a cursor
BEGIN;
DECLARE early CURSOR FOR SELECT id FROM items ORDER BY embedding <-> '[450.25,1,2]';
FETCH 1 FROM early;
ROLLBACK;
BEGIN;
UPDATE items SET embedding = on_line(id + 1000) WHERE id <= 100;
DELETE FROM items WHERE id > 800;
SAVEPOINT s;
INSERT INTO items SELECT n, 0, on_line(n) FROM generate_series(3000, 3100) AS n;
ROLLBACK TO s;
CREATE INDEX items_within ON items USING hnsw (embedding vector_ip_ops);
REINDEX TABLE items;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY embedding <-> '[0,1,2]') t;
SELECT id FROM items ORDER BY embedding <#> '[1,0,0]' LIMIT 2;
ROLLBACK;

-- partial, on an expression, both; one that is not parallel safe
CREATE INDEX items_partial ON items USING hnsw (embedding vector_cosine_ops) WHERE kind = 1;
SELECT count(*) FROM (SELECT FROM items WHERE kind = 1 ORDER BY embedding <=> '[0,1,2]') t;
CREATE INDEX items_expression ON items USING hnsw ((on_line(id * 3)::vector(3)) vector_l2_ops) WHERE kind = 0;
SELECT id FROM items WHERE kind = 0 ORDER BY on_line(id * 3)::vector(3) <-> '[301,1,2]' LIMIT 2;
CREATE FUNCTION unsafe_on_line(n int) RETURNS vector LANGUAGE sql IMMUTABLE PARALLEL UNSAFE AS 'SELECT ARRAY[n, 1, 2]::public.vector';
CREATE INDEX items_unsafe ON items USING hnsw ((unsafe_on_line(-id)::vector(3)) vector_l2_ops);
SELECT id FROM items ORDER BY unsafe_on_line(-id)::vector(3) <-> '[-700,1,2]' LIMIT 1;
DROP TABLE items;

-- an error in an expression comes once, and nothing is left
CREATE TABLE odd (id int, embedding vector) WITH (parallel_workers = 2);
INSERT INTO odd SELECT n, on_line(n) FROM generate_series(1, 500) AS n;
INSERT INTO odd VALUES (501, '[1,2]');
CREATE INDEX odd_embedding ON odd USING hnsw ((embedding::vector(3)) vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
SELECT to_regclass('odd_embedding');
DELETE FROM odd WHERE id = 501;
CREATE INDEX odd_embedding ON odd USING hnsw ((embedding::vector(3)) vector_l2_ops);
SELECT count(*) FROM (SELECT FROM odd ORDER BY embedding::vector(3) <-> '[0,1,2]') t;
DROP TABLE odd;

-- tables of no row, of null only, and of no vector that has a place in the index
CREATE TABLE bare (id int, embedding vector(3)) WITH (parallel_workers = 2);
CREATE INDEX bare_embedding ON bare USING hnsw (embedding vector_cosine_ops);
INSERT INTO bare SELECT n FROM generate_series(1, 300) AS n;
REINDEX INDEX bare_embedding;
INSERT INTO bare SELECT 301, '[0,0,0]' FROM generate_series(1, 300) AS n;
REINDEX INDEX bare_embedding;
SELECT count(*) FROM (SELECT FROM bare ORDER BY embedding <=> '[1,1,2]') t;
INSERT INTO bare VALUES (302, '[1,1,2]');
SELECT id FROM bare ORDER BY embedding <=> '[1,1,2]' LIMIT 1;
DROP TABLE bare;

-- temporary: workers cannot see it
CREATE TEMP TABLE mine (id int, embedding vector(3)) WITH (parallel_workers = 2);
INSERT INTO mine SELECT n, on_line(n) FROM generate_series(1, 300) AS n;
CREATE INDEX ON mine USING hnsw (embedding vector_l2_ops);
SELECT id FROM mine ORDER BY embedding <-> '[150.25,1,2]' LIMIT 3;
DROP TABLE mine;

-- unlogged, partitioned, halfvec, a materialized view
CREATE UNLOGGED TABLE loose (id int, embedding vector(3)) WITH (parallel_workers = 2);
INSERT INTO loose SELECT n, on_line(n) FROM generate_series(1, 300) AS n;
CREATE INDEX ON loose USING hnsw (embedding vector_l1_ops);
SELECT id FROM loose ORDER BY embedding <+> '[150.25,1,2]' LIMIT 3;
CREATE MATERIALIZED VIEW seen WITH (parallel_workers = 2) AS SELECT * FROM loose;
CREATE INDEX ON seen USING hnsw (embedding vector_l2_ops);
DELETE FROM loose WHERE id = 150;
REFRESH MATERIALIZED VIEW seen;
SELECT id FROM seen ORDER BY embedding <-> '[150.25,1,2]' LIMIT 3;
DROP TABLE loose CASCADE;
CREATE TABLE parts (id int, embedding halfvec(3)) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH (parallel_workers = 2);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (parallel_workers = 2);
INSERT INTO parts SELECT n, on_line(n) FROM generate_series(1, 600) AS n;
CREATE INDEX parts_embedding ON parts USING hnsw (embedding halfvec_l2_ops);
SELECT id FROM parts ORDER BY embedding <-> '[150.25,1,2]' LIMIT 3;
REINDEX INDEX parts_embedding;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM parts ORDER BY embedding <-> '[0,1,2]') t;
DROP TABLE parts;

DROP FUNCTION on_line, unsafe_on_line;
