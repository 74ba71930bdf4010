-- Which plan is chosen. Costs differ between machines and versions, so EXPLAIN is reduced to the scans.
CREATE FUNCTION scans(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ 'Scan|Join|Nested Loop|Sort$|Merge Append' THEN
			RETURN NEXT regexp_replace(line, '^[ >-]*', '');
		END IF;
	END LOOP;
END $$;
SET max_parallel_workers_per_gather = 0;
SET jit = off;

-- 16,000 rows of 32 dimensions: about 600 pages, and 800 of the index
CREATE TABLE items (id int PRIMARY KEY, kind int, thousandth int, embedding vector(32)) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT n, n % 4, n % 1000, (SELECT array_agg(sin(n * i) ORDER BY i) FROM generate_series(1, 32) AS i)::vector FROM generate_series(1, 16000) AS n;
CREATE INDEX items_embedding ON items USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 16);
VACUUM ANALYZE items;
SELECT embedding AS q FROM items WHERE id = 1 \gset

-- LIMIT: small, larger than a batch, most of the rows, all of them, with an OFFSET
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT 1', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT 200', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT 10 OFFSET 50', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT 10 OFFSET 12000', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT 12000', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT 100000', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L', :'q'));
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L LIMIT ALL', :'q'));
SELECT scans(format('SELECT * FROM items ORDER BY embedding <-> %L', :'q'));
SELECT scans(format('SELECT id, row_number() OVER (ORDER BY embedding <-> %L) FROM items', :'q'));
-- a large candidate list makes the first row expensive
SET hnsw.ef_search = 10000;
SELECT scans(format('SELECT id FROM items WHERE id BETWEEN 1 AND 50 ORDER BY embedding <-> %L LIMIT 1', :'q'));
RESET hnsw.ef_search;
-- no sequential scan: the index gives all rows
SET enable_seqscan = off;
SELECT scans(format('SELECT id FROM items ORDER BY embedding <-> %L', :'q'));
-- but never rows in no order
SELECT scans('SELECT count(*) FROM items');
SELECT scans(format('SELECT id FROM items WHERE embedding <-> %L < 1', :'q'));
RESET enable_seqscan;

-- filters without an index: the more rows they reject, the more the scan has to produce
SELECT scans(format('SELECT id FROM items WHERE kind = 1 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items WHERE thousandth < 100 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items WHERE thousandth = 7 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items WHERE thousandth = 7 ORDER BY embedding <-> %L LIMIT 100', :'q'));
SELECT scans(format('SELECT id FROM items WHERE thousandth = -1 ORDER BY embedding <-> %L LIMIT 10', :'q'));
-- and with one
CREATE INDEX items_thousandth ON items (thousandth);
SELECT scans(format('SELECT id FROM items WHERE thousandth < 900 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items WHERE thousandth < 250 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items WHERE thousandth = 7 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items WHERE thousandth = -1 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM items WHERE id = 77 ORDER BY embedding <-> %L LIMIT 1', :'q'));

-- prepared: LIMIT is a parameter of the generic plan
PREPARE nearest(vector, int) AS SELECT id FROM items ORDER BY embedding <-> $1 LIMIT $2;
PREPARE nearest_of(vector, int) AS SELECT id FROM items WHERE thousandth = $2 ORDER BY embedding <-> $1 LIMIT 10;
SET plan_cache_mode = force_generic_plan;
SELECT scans(format('EXECUTE nearest(%L, 10)', :'q'));
SELECT scans(format('EXECUTE nearest_of(%L, 7)', :'q'));
SET plan_cache_mode = force_custom_plan;
SELECT scans(format('EXECUTE nearest(%L, 10)', :'q'));
SELECT scans(format('EXECUTE nearest(%L, 15000)', :'q'));
SELECT scans(format('EXECUTE nearest(%L, NULL)', :'q'));
SELECT scans(format('EXECUTE nearest_of(%L, 7)', :'q'));
RESET plan_cache_mode;
DEALLOCATE ALL;

-- a LATERAL subquery, once for each row; and a table joined to what is near
SELECT scans('SELECT i.id, near.id FROM items i, LATERAL (SELECT id FROM items n ORDER BY n.embedding <-> i.embedding LIMIT 3) near WHERE i.id <= 20');
SELECT scans('SELECT i.id, near.id FROM items i, LATERAL (SELECT id FROM items n WHERE n.thousandth = i.thousandth ORDER BY n.embedding <-> i.embedding LIMIT 3) near WHERE i.id <= 20');
SELECT scans('SELECT i.id, near.id FROM items i, LATERAL (SELECT id FROM items n ORDER BY n.embedding <-> i.embedding) near WHERE i.id <= 20');
CREATE TABLE labels (id int PRIMARY KEY, label text) WITH (autovacuum_enabled = off);
INSERT INTO labels SELECT n, 'label ' || n FROM generate_series(1, 16000) AS n;
VACUUM ANALYZE labels;
SELECT scans(format('SELECT label FROM items JOIN labels USING (id) ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT label FROM items JOIN labels USING (id) ORDER BY embedding <-> %L', :'q'));
DROP TABLE labels;

-- a partial index serves its rows only, and is cheaper than a filter
DROP INDEX items_thousandth;
CREATE INDEX items_kind_1 ON items USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 16) WHERE kind = 1;
SELECT scans(format('SELECT id FROM items WHERE kind = 1 ORDER BY embedding <-> %L LIMIT 20', :'q'));
SELECT scans(format('SELECT id FROM items WHERE kind = 2 ORDER BY embedding <-> %L LIMIT 20', :'q'));
SELECT scans(format('SELECT id FROM items WHERE kind = 1 ORDER BY embedding <-> %L', :'q'));
DROP INDEX items_embedding;
SELECT scans(format('SELECT id FROM items WHERE kind = 1 ORDER BY embedding <-> %L LIMIT 20', :'q'));
SELECT scans(format('SELECT id FROM items WHERE kind = 2 ORDER BY embedding <-> %L LIMIT 20', :'q'));
DROP TABLE items;

-- partitions: each is asked for its part, and MergeAppend stops after LIMIT rows
CREATE TABLE parts (id int, embedding vector(16)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (4000) WITH (autovacuum_enabled = off);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (4000) TO (8000) WITH (autovacuum_enabled = off);
CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (8000) TO (12000) WITH (autovacuum_enabled = off);
INSERT INTO parts SELECT n, (SELECT array_agg(sin(n * i) ORDER BY i) FROM generate_series(1, 16) AS i)::vector FROM generate_series(0, 11999) AS n;
CREATE INDEX ON parts USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 16);
VACUUM ANALYZE parts;
SELECT embedding AS q FROM parts WHERE id = 1 \gset
SELECT scans(format('SELECT id FROM parts ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM parts WHERE id < 3000 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM parts ORDER BY embedding <-> %L LIMIT 9000', :'q'));
SELECT scans(format('SELECT id FROM parts ORDER BY embedding <-> %L', :'q'));
DROP TABLE parts;

-- vectors stored out of line: PostgreSQL takes their table for a small one
CREATE TABLE long (id int, embedding vector(600)) WITH (autovacuum_enabled = off);
INSERT INTO long SELECT n, (array_fill(sin(n), ARRAY[n % 600]) || array_fill(sin(n + 1), ARRAY[600 - n % 600]))::vector FROM generate_series(1, 1500) AS n;
CREATE INDEX ON long USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 16);
VACUUM ANALYZE long;
SELECT embedding AS q FROM long WHERE id = 1 \gset
SELECT scans(format('SELECT id FROM long ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM long ORDER BY embedding <-> %L LIMIT 300', :'q'));
SELECT scans(format('SELECT id FROM long WHERE id <= 750 ORDER BY embedding <-> %L LIMIT 10', :'q'));
SELECT scans(format('SELECT id FROM long ORDER BY embedding <-> %L', :'q'));
DROP TABLE long;

-- nothing in it, nothing known of it, no matter of costs at all
CREATE TABLE few (id int, embedding vector(3)) WITH (autovacuum_enabled = off);
CREATE INDEX few_embedding ON few USING hnsw (embedding vector_l2_ops);
SET enable_seqscan = off;
SELECT scans('SELECT id FROM few ORDER BY embedding <-> ''[1,2,3]'' LIMIT 10');
SELECT id FROM few ORDER BY embedding <-> '[1,2,3]' LIMIT 10;
VACUUM ANALYZE few;
SELECT scans('SELECT id FROM few ORDER BY embedding <-> ''[1,2,3]''');
INSERT INTO few VALUES (1, '[1,2,3]'), (2, '[1,2,4]');
SELECT scans('SELECT id FROM few ORDER BY embedding <-> ''[1,2,3]'' LIMIT 10');
SELECT scans('SELECT id FROM few WHERE id = 3 ORDER BY embedding <-> ''[1,2,3]'' LIMIT 10');
RESET enable_seqscan;
ANALYZE few;
SELECT scans('SELECT id FROM few ORDER BY embedding <-> ''[1,2,3]'' LIMIT 10');
DROP TABLE few;
DROP FUNCTION scans;
