-- hnsw: index options, settings, operator classes, and clauses of CREATE INDEX.

CREATE TABLE items (id int, embedding vector(3));
INSERT INTO items SELECT n, ARRAY[n % 10, n / 10, n % 7]::vector FROM generate_series(0, 99) AS n;

-- m and ef_construction: 2..100 and 4..1000
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (m = 1);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (m = 101);
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (ef_construction = 3);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (ef_construction = 1001);
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (m = many);
\echo :LAST_ERROR_SQLSTATE
-- ef_construction is at least 2 * m, also with the default of either
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = 31);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (m = 33);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (ef_construction = 31);
-- unknown options
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (lists = 100);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (fillfactor = 90);
SELECT count(*) FROM pg_indexes WHERE tablename = 'items';

-- the bounds themselves build indexes that work
SET enable_seqscan = off;
CREATE INDEX items_smallest ON items USING hnsw (embedding vector_l2_ops) WITH (m = 2, ef_construction = 4);
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 5) t;
INSERT INTO items SELECT n, ARRAY[n % 10, n / 10, n % 7]::vector FROM generate_series(100, 199) AS n;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 5) t;
DROP INDEX items_smallest;
CREATE INDEX items_largest ON items USING hnsw (embedding vector_l2_ops) WITH (m = 100, ef_construction = 1000);
INSERT INTO items SELECT n, ARRAY[n % 10, n / 10, n % 7]::vector FROM generate_series(200, 299) AS n;
SET hnsw.ef_search = 400;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[1,2,3]') t;
DROP INDEX items_largest;
CREATE INDEX items_2m ON items USING hnsw (embedding vector_l2_ops) WITH (m = 32);
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (ef_construction = 40, m = 8);
SELECT indexdef FROM pg_indexes WHERE tablename = 'items' ORDER BY indexname;
DROP INDEX items_2m;

-- changed options come into force with REINDEX: a larger m makes larger elements
ALTER INDEX items_embedding SET (m = 1);
\echo :LAST_ERROR_SQLSTATE
ALTER INDEX items_embedding SET (lists = 1);
\echo :LAST_ERROR_SQLSTATE
SELECT pg_relation_size('items_embedding') AS size \gset
ALTER INDEX items_embedding SET (m = 20);
INSERT INTO items VALUES (300, '[7,7,77]');
SELECT id FROM items ORDER BY embedding <-> '[7,7,77]' LIMIT 1;
REINDEX INDEX items_embedding;
SELECT pg_relation_size('items_embedding') > :size AS larger;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[1,2,3]') t;
SELECT pg_get_indexdef('items_embedding'::regclass);
ALTER INDEX items_embedding RESET (m);
ALTER INDEX items_embedding SET (ef_construction = 20);
REINDEX INDEX items_embedding;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[1,2,3]') t;
ALTER INDEX items_embedding RESET (ef_construction);
REINDEX INDEX items_embedding;
SELECT pg_get_indexdef('items_embedding'::regclass);

-- hnsw.ef_search
RESET hnsw.ef_search;
SHOW hnsw.ef_search;
SELECT vartype, context, min_val, max_val, boot_val FROM pg_settings WHERE name = 'hnsw.ef_search';
SET hnsw.ef_search = 0;
\echo :LAST_ERROR_SQLSTATE
SET hnsw.ef_search = 10001;
\echo :LAST_ERROR_SQLSTATE
SET hnsw.ef_search = 'large';
\echo :LAST_ERROR_SQLSTATE
SHOW hnsw.ef_search;
SET hnsw.ef_search = 10000;
SHOW hnsw.ef_search;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[1,2,3]') t;
SET hnsw.ef_search = 1;
SHOW hnsw.ef_search;
BEGIN;
SET LOCAL hnsw.ef_search = 50;
SHOW hnsw.ef_search;
COMMIT;
SHOW hnsw.ef_search;
RESET hnsw.ef_search;
SHOW hnsw.ef_search;
SET hnsw.nonsense = 1;
\echo :LAST_ERROR_SQLSTATE
-- A scan goes on after the hnsw.ef_search nearest elements.
SET hnsw.ef_search = 10;
SELECT count(*) FROM (SELECT FROM items WHERE id > -1 ORDER BY embedding <-> '[1,2,3]' LIMIT 200) t;
RESET hnsw.ef_search;

-- In a new session the library is loaded by the first use of it, and checks what was set before.
\c -
SET hnsw.ef_search = 100000;
SET hnsw.nonsense = 1;
SELECT vector_dims('[1,2]'::vector);
SHOW hnsw.ef_search;
SET hnsw.nonsense = 2;
\c -
SET hnsw.ef_search = 7;
SET enable_seqscan = off;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> '[1,2,3]' LIMIT 200) t;
SHOW hnsw.ef_search;

-- operator classes
SELECT count(*) > 0 AS any, bool_and(amvalidate(c.oid)) AS valid, bool_or(opcdefault) AS default
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'hnsw';
SELECT opcname, amvalidate(c.oid), amopopr::regoperator, amopstrategy, amoppurpose, amopsortfamily::regclass IS NOT NULL AS sorts
FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod JOIN pg_amop o ON amopfamily = opcfamily
WHERE amname = 'hnsw' AND opcname IN ('vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops') ORDER BY opcname;
SELECT amtype, amhandler::regproc FROM pg_am WHERE amname = 'hnsw';
SELECT property, pg_indexam_has_property(oid, property)
FROM pg_am, unnest(ARRAY['can_order', 'can_unique', 'can_multi_col', 'can_include']) AS property WHERE amname = 'hnsw';
SELECT property, pg_index_has_property('items_embedding', property)
FROM unnest(ARRAY['clusterable', 'index_scan', 'bitmap_scan', 'backward_scan']) AS property;
SELECT property, pg_index_column_has_property('items_embedding', 1, property)
FROM unnest(ARRAY['asc', 'orderable', 'returnable', 'search_array', 'search_nulls']) AS property;
-- none is the default
CREATE INDEX ON items USING hnsw (embedding);
\echo :LAST_ERROR_SQLSTATE
-- other types and operator classes
CREATE INDEX ON items USING hnsw (id vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (id);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l9_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items (embedding vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
-- an operator class of one's own, over a function that the index does not know
CREATE FUNCTION my_distance(vector, vector) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 1.0::float8';
CREATE OPERATOR CLASS my_ops FOR TYPE vector USING hnsw AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 1 my_distance(vector, vector);
CREATE INDEX ON items USING hnsw (embedding my_ops);
\echo :LAST_ERROR_SQLSTATE
DROP OPERATOR FAMILY my_ops USING hnsw;
DROP FUNCTION my_distance;

-- what the access method cannot do
CREATE UNIQUE INDEX ON items USING hnsw (embedding vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) INCLUDE (id);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops, embedding vector_l2_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops ASC);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops DESC);
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops NULLS FIRST);
\echo :LAST_ERROR_SQLSTATE
-- PostgreSQL 17 words this in another way.
\set VERBOSITY sqlstate
ALTER TABLE items ADD EXCLUDE USING hnsw (embedding vector_l2_ops WITH =);
\set VERBOSITY default
CLUSTER items USING items_embedding;
\echo :LAST_ERROR_SQLSTATE

DROP TABLE items;
