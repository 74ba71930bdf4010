-- What a vacuum costs: page accesses and time after deleting a share of the rows, compared with the index's build.
-- Works with pgvector as well, on the same data.
--
--   scripts/throwaway-server build/dev psql -qX -v rows=40000 -v dimensions=64 -v percent=4 -f bench/vacuum.sql
--
-- Accesses are what pg_statio_user_indexes counts: hits and reads of the index. Everything is in memory.
\pset footer off
SET client_min_messages = warning;
SET max_parallel_maintenance_workers = 0;
SET maintenance_work_mem = '64MB';
CREATE EXTENSION IF NOT EXISTS vector;
SELECT setseed(0.5) \gset ignored_
-- Normally distributed around 100 centres; row by row, so that the random numbers are the same everywhere.
CREATE FUNCTION gauss(count int) RETURNS float[] LANGUAGE plpgsql AS $$
DECLARE
	numbers float[];
BEGIN
	FOR i IN 1..count LOOP
		numbers[i] := round((sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))::numeric, 4);
	END LOOP;
	RETURN numbers;
END $$;
CREATE TABLE items (id int, embedding vector(:dimensions)) WITH (autovacuum_enabled = off);
SELECT set_config('bench.rows', :'rows', false), set_config('bench.dimensions', :'dimensions', false) \gset ignored_
DO $$
DECLARE
	rows int := current_setting('bench.rows');
	dimensions int := current_setting('bench.dimensions');
	centres vector[];
BEGIN
	FOR i IN 1..100 LOOP
		centres[i] := gauss(dimensions);
	END LOOP;
	FOR n IN 1..rows LOOP
		INSERT INTO items VALUES (n, centres[1 + n * 7919::bigint % 100] + gauss(dimensions)::vector);
	END LOOP;
END $$;
VACUUM ANALYZE items;

CREATE VIEW accesses AS
	SELECT idx_blks_hit + idx_blks_read AS accesses FROM pg_statio_user_indexes WHERE indexrelname = 'items_embedding_idx';

SELECT clock_timestamp() AS started \gset
CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops);
SELECT extract(epoch FROM clock_timestamp() - :'started')::numeric(10, 2) AS built \gset
SELECT pg_relation_size('items_embedding_idx') / 8192 AS pages \gset
DELETE FROM items WHERE abs(hashint4(id)::bigint) % 100 < :percent;
SELECT pg_stat_force_next_flush() \gset ignored_
SELECT accesses AS before, pg_current_wal_lsn() AS wal FROM accesses \gset
SELECT clock_timestamp() AS started \gset
VACUUM (INDEX_CLEANUP on, TRUNCATE off) items;
SELECT extract(epoch FROM clock_timestamp() - :'started')::numeric(10, 2) AS vacuumed \gset
SELECT pg_stat_force_next_flush() \gset ignored_
SELECT :rows AS rows, :dimensions AS dimensions, :percent AS "% deleted", :pages AS pages, accesses - :before AS accesses,
	pg_size_pretty(pg_current_wal_lsn() - :'wal'::pg_lsn) AS "WAL (table, too)", :built AS "build s", :vacuumed AS "vacuum s" FROM accesses;
