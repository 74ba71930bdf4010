-- hnsw_check finds nothing in sound indexes of every kind, and hnsw_index_stats counts what is there.
-- Levels are random, so only what does not depend on them is shown.
CREATE TABLE items (id int, v vector(12), h halfvec(12)) WITH (autovacuum_enabled = off);
CREATE INDEX l2 ON items USING hnsw (v vector_l2_ops);
CREATE INDEX ip ON items USING hnsw (v vector_ip_ops) WITH (quantization = 'sq8');
CREATE INDEX cosine ON items USING hnsw (v vector_cosine_ops) WITH (m = 4, quantization = 'sq8');
CREATE INDEX l1 ON items USING hnsw (v vector_l1_ops) WITH (m = 2, ef_construction = 8);
CREATE INDEX half_l2 ON items USING hnsw (h halfvec_l2_ops);
CREATE INDEX half_cosine ON items USING hnsw (h halfvec_cosine_ops) WITH (quantization = 'sq8');
CREATE INDEX expression ON items USING hnsw ((v::halfvec(12)) halfvec_cosine_ops) WHERE id % 2 = 0;
CREATE VIEW checked AS SELECT relname, hnsw_check(c.oid, true)::text
FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE amname = 'hnsw' AND relkind = 'i';

SELECT * FROM checked WHERE hnsw_check <> '';
SELECT elements, indexed_rows, entry_point, levels, elements_by_level, min_degree, avg_degree, max_degree, elements_by_degree,
  meta_bytes, codec_bytes, element_bytes, list_bytes FROM hnsw_index_stats('ip');

-- every third equal to others; nulls; and zero vectors, which have no place under cosine
CREATE TABLE rows AS SELECT n AS id, (SELECT array_agg(sin(CASE WHEN n % 3 = 0 THEN n % 4 ELSE n END * k)) FROM generate_series(1, 12) AS k)::vector AS v
FROM generate_series(1, 900) AS n;
INSERT INTO items SELECT id, v, v FROM rows;
INSERT INTO items VALUES (1000, NULL, NULL), (1002, array_fill(0, '{12}')::vector, array_fill(0, '{12}')::halfvec);
SELECT * FROM checked WHERE hnsw_check <> '';
SELECT relname, dimensions, quantization, m, ef_construction, elements BETWEEN 290 AND 750 AS elements, deleted_elements, unreachable_elements, indexed_rows
FROM pg_class, hnsw_index_stats(oid) WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace
ORDER BY relname;
REINDEX TABLE items;
SELECT * FROM checked WHERE hnsw_check <> '';
SELECT relname, unreachable_elements, indexed_rows,
  (SELECT sum(n) FROM unnest(elements_by_level) AS n) = elements AS by_level, array_upper(elements_by_level, 1) + 1 = levels AS levels,
  (SELECT sum(n) FROM unnest(elements_by_degree) AS n) = elements AS by_degree,
  (SELECT sum(n * elements_by_degree[n]) FROM generate_subscripts(elements_by_degree, 1) AS n) = edges AS edges,
  edges::float / elements = avg_degree AS avg_degree,
  elements_by_degree[min_degree] > 0 AND elements_by_degree[max_degree] > 0 AND max_degree <= 2 * m AS degrees,
  pg_relation_size(c.oid) = meta_bytes + codec_bytes + element_bytes + list_bytes + unused_bytes AS bytes
FROM pg_class c, hnsw_index_stats(oid) WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace
ORDER BY relname;

DELETE FROM items WHERE id % 4 < 2;
SELECT * FROM checked WHERE hnsw_check <> '';
VACUUM items;
SELECT * FROM checked WHERE hnsw_check <> '';
SELECT relname, deleted_elements, unreachable_elements, indexed_rows, free_elements > 0 AS free_elements, unmapped_free_elements
FROM pg_class, hnsw_index_stats(oid) WHERE relname IN ('l2', 'expression') ORDER BY relname;
UPDATE items SET id = id + 2000;
INSERT INTO items SELECT id, v, v FROM rows;
VACUUM items;
SELECT * FROM checked WHERE hnsw_check <> '';
SELECT indexed_rows FROM hnsw_index_stats('half_l2');

-- where the edges of level 0 lie outside of the element, and where one element fills a page
CREATE TABLE large (v vector(2000), h halfvec(3900));
INSERT INTO large SELECT (SELECT array_agg(sin(n * k)) FROM generate_series(1, 2000) AS k), (SELECT array_agg(sin(n * k)) FROM generate_series(1, 3900) AS k)
FROM generate_series(1, 60) AS n;
INSERT INTO large TABLE large;
CREATE INDEX large_v ON large USING hnsw (v vector_l2_ops) WITH (quantization = 'none');
CREATE INDEX large_h ON large USING hnsw (h halfvec_ip_ops) WITH (quantization = 'none');
CREATE INDEX large_quantized ON large USING hnsw (h halfvec_cosine_ops);
SELECT * FROM checked WHERE hnsw_check <> '';
SELECT relname, quantization, elements, indexed_rows, unreachable_elements, (SELECT sum(n) FROM unnest(elements_by_degree) AS n) AS by_degree
FROM pg_class, hnsw_index_stats(oid) WHERE relname LIKE 'large\_%' ORDER BY relname;
DELETE FROM large WHERE ctid IN (SELECT ctid FROM large LIMIT 50);
VACUUM large;
SELECT * FROM checked WHERE hnsw_check <> '';
DROP TABLE large;

-- Refused: what is no hnsw index, has no pages of its own, or is not complete
\set VERBOSITY terse
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE parts (id int, v vector(2)) PARTITION BY RANGE (id);
CREATE INDEX parts_v ON parts USING hnsw (v vector_l2_ops);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10);
INSERT INTO parts VALUES (1, '[1,2]');
\set SHOW_CONTEXT never
SELECT hnsw_check('plain_pkey');
\echo :LAST_ERROR_SQLSTATE
SELECT hnsw_check('plain');
\echo :LAST_ERROR_SQLSTATE
SELECT hnsw_check('parts_v');
\echo :LAST_ERROR_SQLSTATE
SELECT hnsw_index_stats('parts_v');
\echo :LAST_ERROR_SQLSTATE
SELECT hnsw_check(0);
\echo :LAST_ERROR_SQLSTATE
SELECT hnsw_check('part_v_idx', true)::text, hnsw_check(NULL) IS NULL AS "null";
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'part_v_idx'::regclass;
SELECT hnsw_check('part_v_idx');
\echo :LAST_ERROR_SQLSTATE
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'part_v_idx'::regclass;
CREATE TEMP TABLE temporary (v vector(2));
CREATE INDEX temporary_v ON temporary USING hnsw (v vector_l2_ops);
INSERT INTO temporary SELECT ARRAY[n, n] FROM generate_series(1, 100) AS n;
SELECT hnsw_check('temporary_v', true)::text, elements FROM hnsw_index_stats('temporary_v');

-- A row that the index lacks
CREATE FUNCTION is_indexed(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN id < 100; END';
CREATE INDEX partial ON rows USING hnsw ((v::vector(12)) vector_l2_ops) WHERE is_indexed(id);
SELECT hnsw_check('partial', true);
CREATE OR REPLACE FUNCTION is_indexed(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN id < 101; END';
SELECT hnsw_check('partial');
\set VERBOSITY default
SELECT hnsw_check('partial', true);
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY terse

-- Who may: whoever may read the table, all of it
CREATE ROLE checker;
GRANT SELECT ON rows TO checker;
GRANT SELECT (id) ON items TO checker;
SET ROLE checker;
SELECT hnsw_check('l2');
\echo :LAST_ERROR_SQLSTATE
SELECT hnsw_index_stats('l2');
\echo :LAST_ERROR_SQLSTATE
SELECT elements > 0 FROM hnsw_index_stats('partial');
RESET ROLE;
GRANT SELECT (v, h) ON items TO checker;
ALTER TABLE rows ENABLE ROW LEVEL SECURITY;
SET ROLE checker;
SELECT hnsw_check('l2', true);
SELECT elements > 0 FROM hnsw_index_stats('l2');
SELECT hnsw_check('partial');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;

-- What an index runs, it runs as the owner of its table, whoever checks it.
CREATE TABLE trap (who text, v vector(2));
CREATE FUNCTION spring(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN RAISE NOTICE ''run as checker: %'', current_user = ''checker''; RETURN v; END';
ALTER FUNCTION spring OWNER TO checker;
INSERT INTO trap VALUES ('', '[1,2]');
ALTER TABLE trap OWNER TO checker;
SET client_min_messages = warning;
CREATE INDEX trap_v ON trap USING hnsw ((spring(v)::vector(2)) vector_l2_ops);
RESET client_min_messages;
SELECT hnsw_check('trap_v', true);
SELECT current_user = 'checker' AS still_checker;
DROP TABLE items, rows, plain, parts, trap CASCADE;
DROP OWNED BY checker CASCADE;
DROP ROLE checker;
DROP FUNCTION is_indexed;
