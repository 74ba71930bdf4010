-- Where the planner goes from the index to another plan, and where it should: for a LIMIT, and for a filter with a
-- LIMIT of 10. Prints one line per table and kind; docs/internals.md ("Planner") has a copy.
--
--   scripts/throwaway-server build/dev psql -qX -f bench/plan_choice.sql
--
-- Takes about a minute. Everything is in shared buffers (so no temporary tables), and every time is the fastest of three.
\pset footer off
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET max_parallel_maintenance_workers = 0;
SET maintenance_work_mem = '900MB';
SET work_mem = '64MB';
SET jit = off;
CREATE EXTENSION IF NOT EXISTS vector;

CREATE FUNCTION pg_temp.make(name text, number int, dimensions int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I (id int, share int, embedding vector(%s))', name, dimensions);
	EXECUTE format('INSERT INTO %I SELECT n, n * 7919 %% 10000, (SELECT array_agg(sin(n * 0.37 * (i %% 16) + i * i) + random())'
		' FROM generate_series(1, %s) AS i)::vector FROM generate_series(1, %s) AS n', name, dimensions, number);
	EXECUTE format('CREATE INDEX ON %I USING hnsw (embedding vector_l2_ops)', name);
	EXECUTE format('CREATE INDEX ON %I (share)', name);
	EXECUTE format('ANALYZE %I', name);
END $$;

-- milliseconds of a query, rows it returned, is the first scan of its plan by the hnsw index?
CREATE FUNCTION pg_temp.measure(query text, OUT ms float, OUT number int, OUT by_hnsw bool) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	started timestamptz;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	by_hnsw := plan::text LIKE '%embedding_idx%';
	ms := 'inf';
	FOR i IN 1..3 LOOP
		started := clock_timestamp();
		EXECUTE format('SELECT count(*) FROM (%s OFFSET 0) AS t', query) INTO number;
		ms := least(ms, 1000 * extract(epoch FROM clock_timestamp() - started));
	END LOOP;
END $$;

-- One query by the index, by other plans, and which of them the planner takes.
CREATE FUNCTION pg_temp.compare(query text, produced float, OUT by_index float, OUT by_other float, OUT taken bool) LANGUAGE plpgsql AS $$
DECLARE
	asked int;
BEGIN
	SET LOCAL enable_indexscan = off;
	SELECT ms, number FROM pg_temp.measure(query) INTO by_other, asked;
	SET LOCAL enable_indexscan = on;
	SELECT by_hnsw FROM pg_temp.measure(query) INTO taken;
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_bitmapscan = off;
	SET LOCAL enable_sort = off;
	SELECT ms INTO by_index FROM pg_temp.measure(query) WHERE number = asked;
	IF by_index IS NULL THEN  -- the scan ended too soon: the time of one search that is large enough
		PERFORM set_config('hnsw.ef_search', least(10000, 1.3 * produced)::int::text, true);
		SELECT ms INTO by_index FROM pg_temp.measure(query);
		SET LOCAL hnsw.ef_search = 40;
	END IF;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_bitmapscan = on;
	SET LOCAL enable_sort = on;
END $$;

SELECT setseed(0.5), pg_temp.make('rows12k_16d', 12000, 16), pg_temp.make('rows100k_64d', 100000, 64), pg_temp.make('rows15k_768d', 15000, 768) \g /dev/null
CREATE TEMP TABLE queries AS
	SELECT 'rows12k_16d' AS name, embedding::text AS q FROM rows12k_16d WHERE id = 17
	UNION ALL SELECT 'rows100k_64d', embedding::text FROM rows100k_64d WHERE id = 17
	UNION ALL SELECT 'rows15k_768d', embedding::text FROM rows15k_768d WHERE id = 17;
CREATE TEMP TABLE results (name text, kind text, produced int, by_index float, by_other float, taken bool);

-- LIMIT
INSERT INTO results SELECT name, 'LIMIT', k, (pg_temp.compare(format('SELECT id FROM %I ORDER BY embedding <-> %L LIMIT %s', name, q, k), k)).*
FROM queries, LATERAL (SELECT round(100 * 1.5 ^ n)::int AS k FROM generate_series(0, 10) AS n) AS limits;
-- filter by the btree
INSERT INTO results SELECT name, 'filter, btree', 100000 / share, (pg_temp.compare(format('SELECT id FROM %I WHERE share < %s ORDER BY embedding <-> %L LIMIT 10', name, share, q), 100000.0 / share)).*
FROM queries, LATERAL (SELECT round(7000 / 1.5 ^ n)::int AS share FROM generate_series(0, 15) AS n) AS shares;
SET random_page_cost = 1.1;
INSERT INTO results SELECT name, 'filter, btree, random_page_cost = 1.1', 100000 / share, (pg_temp.compare(format('SELECT id FROM %I WHERE share < %s ORDER BY embedding <-> %L LIMIT 10', name, share, q), 100000.0 / share)).*
FROM queries, LATERAL (SELECT round(7000 / 1.5 ^ n)::int AS share FROM generate_series(0, 15) AS n) AS shares;
RESET random_page_cost;
-- filter without
DROP INDEX rows12k_16d_share_idx, rows100k_64d_share_idx, rows15k_768d_share_idx;
INSERT INTO results SELECT name, 'filter', 100000 / share, (pg_temp.compare(format('SELECT id FROM %I WHERE share < %s ORDER BY embedding <-> %L LIMIT 10', name, share, q), 100000.0 / share)).*
FROM queries, LATERAL (SELECT round(7000 / 1.5 ^ n)::int AS share FROM generate_series(0, 15) AS n) AS shares;

-- Rows produced (LIMIT / share of rows that pass the filter) up to which the index is faster, and up to which it is taken;
-- lost: how much slower the plans that were taken are than the fastest ones, on average and at worst.
SELECT name, kind, max(produced) FILTER (WHERE by_index < by_other) AS faster_up_to, max(produced) FILTER (WHERE taken) AS taken_up_to,
	round(avg(lost)::numeric, 1) AS lost, round(max(lost)::numeric, 1) AS worst, max(produced) AS tried_up_to
FROM (SELECT *, CASE WHEN taken THEN by_index ELSE by_other END / least(by_index, by_other) AS lost FROM results) AS t
GROUP BY name, kind ORDER BY kind, name DESC;
DROP TABLE rows12k_16d, rows100k_64d, rows15k_768d;
