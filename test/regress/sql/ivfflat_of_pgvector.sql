-- An ivfflat index that pgvector made, while our library is in the place of pgvector's: its table can be read, it can be
-- dropped, and whatever needs it says what to do. (pgvector's own index: test/migration.)
-- What pgvector's catalog has.
CREATE FUNCTION pg_temp.module() RETURNS text LANGUAGE sql AS
	$$SELECT probin FROM pg_proc WHERE proname = 'hnswhandler'$$;
DO $$
BEGIN
	EXECUTE format('CREATE FUNCTION ivfflathandler(internal) RETURNS index_am_handler LANGUAGE c AS %L', pg_temp.module());
END
$$;
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
