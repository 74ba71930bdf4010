-- Indexes that pgvector made and this release lacks, while our library is in the place of pgvector's: their tables can
-- be read, they can be dropped, and whatever needs them says what to do. (pgvector's own indexes: test/migration.)
-- What pgvector's catalog has.
SELECT probin AS module FROM pg_proc WHERE proname = 'hnswhandler' \gset
CREATE FUNCTION ivfflathandler(internal) RETURNS index_am_handler LANGUAGE c AS :'module';
CREATE ACCESS METHOD ivfflat TYPE INDEX HANDLER ivfflathandler;
CREATE OPERATOR CLASS ivfflat_vector_ops FOR TYPE vector USING ivfflat AS
	FUNCTION 1 vector_l2_squared_distance(vector, vector), FUNCTION 3 l2_distance(vector, vector);
CREATE TABLE lists (id int PRIMARY KEY, v vector(3), n int) WITH (fillfactor = 50);
INSERT INTO lists SELECT i, ARRAY[i, i % 3, 1], 0 FROM generate_series(1, 20) i;

-- None can be made,
CREATE INDEX lists_v ON lists USING ivfflat (v ivfflat_vector_ops) WITH (lists = 10);
-- so this one changes hands.
CREATE INDEX lists_v ON lists USING hnsw (v vector_l2_ops);
UPDATE pg_class SET relam = (SELECT oid FROM pg_am WHERE amname = 'ivfflat'), reloptions = '{lists=10}' WHERE oid = 'lists_v'::regclass;
UPDATE pg_index SET indclass = (SELECT format('%s', oid) FROM pg_opclass WHERE opcname = 'ivfflat_vector_ops')::oidvector
	WHERE indexrelid = 'lists_v'::regclass;
\c

-- The table can be read, and changed where the index need not be.
EXPLAIN (COSTS OFF) SELECT id FROM lists ORDER BY v <-> '[7,1,1]' LIMIT 3;
SELECT id FROM lists ORDER BY v <-> '[7,1,1]' LIMIT 3;
UPDATE lists SET n = 1 WHERE id = 3;
SELECT count(*), sum(n) FROM lists;
ANALYZE lists;
SELECT pg_get_indexdef('lists_v'::regclass);

-- Not what the index would have to know of.
INSERT INTO lists VALUES (21, '[1,2,3]');
UPDATE lists SET v = '[1,2,3]' WHERE id = 1;
REINDEX INDEX lists_v;
TRUNCATE lists;
DELETE FROM lists WHERE id = 2;
VACUUM lists;
SELECT count(*) FROM lists;

-- The way out.
DROP INDEX lists_v;
CREATE INDEX lists_v ON lists USING hnsw (v vector_l2_ops);
INSERT INTO lists VALUES (21, '[1,2,3]');
VACUUM lists;
SELECT id FROM lists ORDER BY v <-> '[1,2,3]' LIMIT 1;

DROP TABLE lists;
DROP ACCESS METHOD ivfflat CASCADE;
DROP FUNCTION ivfflathandler;

-- An hnsw index on bit.
CREATE FUNCTION hnsw_bit_support(internal) RETURNS internal LANGUAGE c AS :'module';
CREATE FUNCTION hamming(bit, bit) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT bit_count($1 # $2)::float8';
CREATE OPERATOR CLASS bit_hamming_ops FOR TYPE bit USING hnsw AS FUNCTION 1 hamming(bit, bit), FUNCTION 3 hnsw_bit_support(internal);
CREATE TABLE codes (id int, v vector(3));
INSERT INTO codes VALUES (1, '[1,2,3]'), (2, '[3,2,1]');
CREATE INDEX codes_v ON codes USING hnsw (v vector_l2_ops);
UPDATE pg_index SET indclass = (SELECT format('%s', oid) FROM pg_opclass WHERE opcname = 'bit_hamming_ops')::oidvector
	WHERE indexrelid = 'codes_v'::regclass;
\c
SELECT id FROM codes ORDER BY v <-> '[1,3,3]' LIMIT 1;
INSERT INTO codes VALUES (3, '[1,1,1]');
\echo :LAST_ERROR_SQLSTATE
REINDEX INDEX codes_v;
DELETE FROM codes WHERE id = 2;
VACUUM codes;
SELECT hnsw_check('codes_v');
DROP INDEX codes_v;
INSERT INTO codes VALUES (3, '[1,1,1]');
VACUUM codes;
SELECT count(*) FROM codes;

DROP TABLE codes;
DROP OPERATOR FAMILY bit_hamming_ops USING hnsw;
DROP FUNCTION hnsw_bit_support, hamming;
