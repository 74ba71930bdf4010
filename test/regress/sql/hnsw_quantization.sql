-- hnsw WITH (quantization): which codec is chosen, and that answers are those of a sequential scan whichever it is.
-- Element levels and rotations are random, so the tables are small and hnsw.ef_search covers them.

SET enable_seqscan = off;
SET jit = off;

-- pages of an empty index: the metapage, and with sq8 those of the codec's center
CREATE FUNCTION pages_of_index(type text, opclass text, options text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE tested (embedding %s)', type);
	EXECUTE format('CREATE INDEX tested_embedding ON tested USING hnsw (embedding %s) %s', opclass, options);
	RETURN pg_relation_size('tested_embedding') / 8192;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION dropped_pages_of_index(type text, opclass text, options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text := pages_of_index(type, opclass, options);
BEGIN
	DROP TABLE IF EXISTS tested;
	RETURN answer;
END $$;
SET client_min_messages = warning;

-- auto: few dimensions stay at full precision
SELECT type, opclass, dropped_pages_of_index(type, opclass, '') AS by_default,
	dropped_pages_of_index(type, opclass, 'WITH (quantization = auto)') AS auto,
	dropped_pages_of_index(type, opclass, 'WITH (quantization = sq8)') AS sq8,
	dropped_pages_of_index(type, opclass, 'WITH (quantization = none)') AS none
FROM (VALUES
	('vector(1)', 'vector_l2_ops'), ('vector(3)', 'vector_ip_ops'), ('vector(10)', 'vector_cosine_ops'),
	('vector(64)', 'vector_l2_ops'), ('vector(64)', 'vector_ip_ops'), ('vector(64)', 'vector_cosine_ops'),
	('vector(64)', 'vector_l1_ops'), ('vector(2000)', 'vector_l1_ops'), ('vector(2001)', 'vector_l1_ops'),
	('vector(2000)', 'vector_l2_ops'), ('vector(2001)', 'vector_l2_ops'), ('vector(2041)', 'vector_ip_ops'),
	('vector(8000)', 'vector_cosine_ops'), ('vector(8001)', 'vector_l2_ops'), ('vector', 'vector_l2_ops'),
	('halfvec(3)', 'halfvec_l2_ops'), ('halfvec(16)', 'halfvec_l2_ops'), ('halfvec(384)', 'halfvec_l2_ops'),
	('halfvec(384)', 'halfvec_ip_ops'), ('halfvec(384)', 'halfvec_cosine_ops'), ('halfvec(384)', 'halfvec_l1_ops'),
	('halfvec(4000)', 'halfvec_l1_ops'), ('halfvec(4001)', 'halfvec_l1_ops'), ('halfvec(4001)', 'halfvec_l2_ops'),
	('halfvec(8000)', 'halfvec_cosine_ops'), ('halfvec(8001)', 'halfvec_ip_ops')) AS t (type, opclass);
RESET client_min_messages;
DROP FUNCTION dropped_pages_of_index, pages_of_index;

-- values of the option
CREATE TABLE items (id int, embedding vector(48)) WITH (autovacuum_enabled = off);
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = 'sq4');
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = 8);
CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (quantization);
CREATE INDEX ON items USING hnsw (embedding vector_l1_ops) WITH (quantization = 'sq8');
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (quantization = 'SQ8', m = 12);
SELECT pg_get_indexdef('items_embedding'::regclass);
ALTER INDEX items_embedding SET (quantization = 'pq');
\echo :LAST_ERROR_SQLSTATE
-- a changed one comes into force with REINDEX
ALTER INDEX items_embedding SET (quantization = 'none');
SELECT pg_relation_size('items_embedding') / 8192 AS pages;
INSERT INTO items VALUES (1, array_fill(1, ARRAY[48])::vector);
SELECT id FROM items ORDER BY embedding <-> array_fill(2, ARRAY[48])::vector;
REINDEX INDEX items_embedding;
SELECT id FROM items ORDER BY embedding <-> array_fill(2, ARRAY[48])::vector;
ALTER INDEX items_embedding RESET (quantization);
REINDEX INDEX CONCURRENTLY items_embedding;
SELECT id FROM items ORDER BY embedding <-> array_fill(2, ARRAY[48])::vector;
SELECT pg_get_indexdef('items_embedding'::regclass);
DROP TABLE items;

-- ---- answers, for every type and metric ----

-- A vector of 48 elements for each number, from twelve clusters; the elements are binary fractions.
CREATE FUNCTION draw(n int) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(((hashint4extended(n % 12 * 1000 + k, 1) & 255) + (hashint4extended(n * 1000 + k, 2) & 127))::real / 64 - 3 ORDER BY k)
	FROM generate_series(1, 48) AS k
$$;
CREATE TABLE drawn AS SELECT id, draw(id) AS elements FROM generate_series(1, 500) AS id;

-- Whether scans of `items` by the index give what a sequential scan gives: the nearest 30 at the same distances, in
-- order, and each row that has a distance once.
CREATE FUNCTION same_as_seqscan(operator text, query real[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	type text := (SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding');
	distance text := format('embedding %s %L::real[]::%s', operator, query, type);
	nearest text := format('SELECT array_agg(d) FROM (SELECT %s AS d FROM items WHERE id > 0 ORDER BY %1$s LIMIT 30) t', distance);
	every text := format('SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM items WHERE %s <> ''NaN'' ORDER BY %1$s) t', distance);
	exact float8[]; found float8[]; exact_ids int[]; found_ids int[]; line text; plan text := '';
BEGIN
	SET LOCAL enable_indexscan = off;
	SET LOCAL enable_seqscan = on;
	EXECUTE nearest INTO exact;
	EXECUTE every INTO exact_ids;
	SET LOCAL enable_indexscan = on;
	SET LOCAL enable_seqscan = off;
	SET LOCAL hnsw.ef_search = 1000;
	FOR line IN EXECUTE 'EXPLAIN ' || every LOOP plan := plan || line; END LOOP;
	EXECUTE nearest INTO found;
	EXECUTE every INTO found_ids;
	RETURN CASE WHEN plan NOT LIKE '%Index Scan using items_embedding%' THEN plan
		WHEN exact IS DISTINCT FROM found THEN 'nearest: ' || found::text || ' instead of ' || exact::text
		WHEN exact_ids IS DISTINCT FROM found_ids THEN 'all: ' || found_ids::text || ' instead of ' || exact_ids::text
		ELSE cardinality(found_ids) || ' rows' END;
END $$;

CREATE TABLE kinds (type text, opclass text, operator text);
INSERT INTO kinds VALUES
	('vector', 'vector_l2_ops', '<->'), ('vector', 'vector_ip_ops', '<#>'), ('vector', 'vector_cosine_ops', '<=>'),
	('halfvec', 'halfvec_l2_ops', '<->'), ('halfvec', 'halfvec_ip_ops', '<#>'), ('halfvec', 'halfvec_cosine_ops', '<=>');

-- built; inserted into the empty index by one statement, and by many; NULLs and zero vectors among them, also first
CREATE FUNCTION answers(kind kinds, how text, kept text, first text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	create_index text := format('CREATE INDEX items_embedding ON items USING hnsw (embedding %s) WITH (quantization = sq8)', kind.opclass);
	answer text;
BEGIN
	EXECUTE format('CREATE %s TABLE items (id int, embedding %s(48)) WITH (autovacuum_enabled = off)', kept, kind.type);
	IF how <> 'built' THEN EXECUTE create_index; END IF;
	IF first = 'zero' THEN
		INSERT INTO items VALUES (1000, array_fill(0, ARRAY[48]));
	ELSE
		INSERT INTO items VALUES (1000, NULL);
	END IF;
	IF how = 'one by one' THEN
		FOR n IN 1..500 LOOP
			INSERT INTO items SELECT id, elements FROM drawn WHERE id = n;
		END LOOP;
	ELSE
		INSERT INTO items SELECT id, elements FROM drawn;
	END IF;
	INSERT INTO items VALUES (1001, NULL), (1002, array_fill(0, ARRAY[48]));
	IF how = 'built' THEN EXECUTE create_index; END IF;
	answer := same_as_seqscan(kind.operator, draw(1000));
	-- a query of no length, and one far away
	answer := answer || ', ' || same_as_seqscan(kind.operator, ARRAY(SELECT k * 300 FROM generate_series(1, 48) AS k));
	IF kind.operator <> '<=>' THEN
		answer := answer || ', ' || same_as_seqscan(kind.operator, array_fill(0, ARRAY[48]));
	END IF;
	DELETE FROM items WHERE id % 3 = 0;
	INSERT INTO items SELECT -id, elements FROM drawn WHERE id % 7 = 0;
	answer := answer || ', ' || same_as_seqscan(kind.operator, draw(1001));
	DROP TABLE items;
	RETURN answer;
END $$;
SELECT opclass, how, kept, first, answers(k, how, kept, first)
FROM kinds k, (VALUES ('built', '', 'null'), ('one by one', '', 'zero'), ('at once', 'UNLOGGED', 'zero'), ('at once', 'TEMP', 'null')) AS h (how, kept, first)
ORDER BY opclass, how, kept, first;
DROP FUNCTION answers;

-- the first vector is the center, also when it is far from all others, and once the index was emptied
CREATE TABLE items (id int, embedding vector(48)) WITH (autovacuum_enabled = off);
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
INSERT INTO items VALUES (1000, array_fill(1e6, ARRAY[48])::vector);
INSERT INTO items SELECT id, elements FROM drawn WHERE id <= 250;
INSERT INTO items SELECT id, elements FROM drawn WHERE id > 250;
SELECT same_as_seqscan('<->', draw(1000)), same_as_seqscan('<->', array_fill(1e6, ARRAY[48])::real[]);
BEGIN;
TRUNCATE items;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> draw(1)::vector) t;
INSERT INTO items SELECT id, elements FROM drawn WHERE id <= 250;
SELECT same_as_seqscan('<->', draw(1000));
SAVEPOINT s;
TRUNCATE items;
INSERT INTO items SELECT id + 1000, elements FROM drawn WHERE id > 250;
SELECT same_as_seqscan('<->', draw(1000));
ROLLBACK TO s;
INSERT INTO items SELECT id, elements FROM drawn WHERE id = 251;
SELECT same_as_seqscan('<->', draw(1000));
ROLLBACK;
SELECT same_as_seqscan('<->', draw(1000));
TRUNCATE items;
INSERT INTO items VALUES (1000, NULL);
INSERT INTO items SELECT id, elements FROM drawn;
SELECT same_as_seqscan('<->', draw(1000));
DELETE FROM items;
VACUUM items;
SELECT count(*) FROM (SELECT FROM items ORDER BY embedding <-> draw(1)::vector) t;
INSERT INTO items SELECT id, elements FROM drawn;
SELECT same_as_seqscan('<->', draw(1000));
DROP TABLE items;

-- created, emptied and filled in one transaction
BEGIN;
CREATE TABLE items (id int, embedding halfvec(48)) WITH (autovacuum_enabled = off);
CREATE INDEX items_embedding ON items USING hnsw (embedding halfvec_cosine_ops) WITH (quantization = sq8);
INSERT INTO items SELECT id, elements FROM drawn WHERE id <= 100;
TRUNCATE items;
INSERT INTO items SELECT id, elements FROM drawn WHERE id > 100;
SELECT same_as_seqscan('<=>', draw(1000));
COMMIT;
SELECT same_as_seqscan('<=>', draw(1000));
-- the first vector comes from a transaction that is rolled back: it stays the center
TRUNCATE items;
BEGIN;
INSERT INTO items SELECT 1, ARRAY(SELECT k FROM generate_series(1, 48) AS k)::halfvec;
ROLLBACK;
INSERT INTO items SELECT id, elements FROM drawn;
SELECT same_as_seqscan('<=>', draw(1000));
DROP TABLE items;

-- all rows equal, and all rows in one direction
CREATE TABLE items (id int, embedding vector(48)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT n, draw(1) FROM generate_series(1, 300) AS n;
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
SELECT same_as_seqscan('<->', draw(1)), same_as_seqscan('<->', draw(2));
INSERT INTO items SELECT 300 + n, ARRAY(SELECT n * e FROM unnest(draw(1)) WITH ORDINALITY AS t (e, k) ORDER BY k) FROM generate_series(1, 100) AS n;
SELECT same_as_seqscan('<->', draw(1)), same_as_seqscan('<->', draw(2));
DROP INDEX items_embedding;
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_cosine_ops);
SELECT same_as_seqscan('<=>', draw(1)), same_as_seqscan('<=>', draw(2));
DROP TABLE items;

-- 8000 dimensions, over several codec pages
CREATE TABLE items (id int, embedding vector(8000)) WITH (autovacuum_enabled = off);
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
INSERT INTO items SELECT n, (array_fill(n, ARRAY[7999]) || 0)::vector FROM generate_series(1, 20) AS n;
SELECT array_agg(id) FROM (SELECT id FROM items ORDER BY embedding <-> array_fill(7.25, ARRAY[8000])::vector LIMIT 5) t;
REINDEX INDEX items_embedding;
SELECT array_agg(id) FROM (SELECT id FROM items ORDER BY embedding <-> array_fill(7.25, ARRAY[8000])::vector LIMIT 5) t;
INSERT INTO items VALUES (21, array_fill(7, ARRAY[8000]));
SELECT array_agg(id) FROM (SELECT id FROM items ORDER BY embedding <-> array_fill(7.25, ARRAY[8000])::vector LIMIT 1) t;
DROP TABLE items;

-- the wrong number of dimensions
CREATE TABLE items (id int, embedding vector(48));
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops);
SELECT id FROM items ORDER BY embedding <-> '[1,2]';
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE anything (embedding vector);
CREATE INDEX ON anything USING hnsw ((embedding::vector(48)) vector_l2_ops);
INSERT INTO anything VALUES ('[1,2]');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO anything VALUES (draw(1));
INSERT INTO anything VALUES ('[1,2]');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM (SELECT FROM anything ORDER BY embedding::vector(48) <-> draw(2)::vector) t;

DROP TABLE items, anything, drawn, kinds;
DROP FUNCTION same_as_seqscan, draw;
