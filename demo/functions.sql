-- Searches PostgreSQL's own functions by what they are called and what they do. The input is the catalog of the
-- server this runs on; every number printed is measured in this run. `make demo` runs it on a throw-away server.
\set QUIET on
\set ON_ERROR_STOP on
\pset pager off
\pset footer off
\pset border 1
\pset linestyle unicode
SET client_min_messages = warning;
SET random_page_cost = 1.1;  -- all of it is in memory
-- One process, no compilation: the times below compare two ways to search and nothing else.
SET max_parallel_workers_per_gather = 0;
SET jit = off;

\echo
\echo 'Which PostgreSQL functions are alike?'
\echo '====================================='
\echo
CREATE EXTENSION vector;

-- One row for each name and description; functions of the same name and description differ in their argument types.
CREATE TABLE functions AS
SELECT min(p.oid::bigint)::oid AS oid, p.proname AS name, d.description,
       replace(p.proname, '_', ' ') || ': ' || d.description AS document
FROM pg_proc p
JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass AND d.objsubid = 0
WHERE p.pronamespace = 'pg_catalog'::regnamespace
GROUP BY p.proname, d.description;

-- The features of a text: its words, and with less weight each word's groups of three letters, so that
-- "round" and "rounded" have much in common. STRICT keeps it from being inlined, which would lose the ROWS.
CREATE FUNCTION features(document text) RETURNS TABLE (feature text, weight float8)
LANGUAGE sql IMMUTABLE STRICT ROWS 80 AS $$
  WITH words AS (SELECT m[1] AS word FROM regexp_matches(lower(document), '[a-z]+|[0-9]+', 'g') AS m)
  SELECT word, 1.0 FROM words
  UNION ALL
  SELECT '3:' || substr(' ' || word || ' ', start, 3), 0.3
  FROM words, generate_series(1, length(word)) AS start
$$;

-- A feature in 256 dimensions: its weight is added at four places or taken away there, as its hash says. One that
-- occurs in many texts says little and gets a small weight.
CREATE TABLE feature_places AS
SELECT feature, hash & 255 AS place, CASE hash & 256 WHEN 0 THEN rarity ELSE -rarity END AS value
FROM (SELECT feature, ln((SELECT count(*) FROM functions) / count(DISTINCT oid)::float8) AS rarity
      FROM functions, features(document)
      GROUP BY feature) AS rarities,
     generate_series(1, 4) AS seed,
     hashtextextended(feature, seed) AS hash;
CREATE INDEX ON feature_places (feature);
ANALYZE feature_places;

-- A text as a vector: the sum of its features, scaled to length 1.
CREATE FUNCTION embed(document text) RETURNS vector
LANGUAGE sql STABLE AS $$
  SELECT l2_normalize(array_agg(coalesce(sum, 0)::real ORDER BY place)::vector)
  FROM generate_series(0, 255) AS place
  LEFT JOIN (SELECT place, sum(weight * value) FROM features(document) JOIN feature_places USING (feature)
             GROUP BY place) AS sums USING (place)
$$;

CREATE TABLE functions_embedded (oid oid, name text, signature text, description text, embedding vector(256));

SELECT clock_timestamp() AS started \gset
INSERT INTO functions_embedded
SELECT oid, name, oid::regprocedure, description, embed(document) FROM functions;
ANALYZE functions_embedded;
SELECT clock_timestamp() AS embedded \gset
CREATE INDEX functions_embedded_idx ON functions_embedded
USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64);
SELECT clock_timestamp() AS indexed \gset

SELECT count(*) AS rows,
       round(1000 * extract(epoch FROM :'embedded'::timestamptz - :'started'::timestamptz)) AS embed_ms,
       round(1000 * extract(epoch FROM :'indexed'::timestamptz - :'embedded'::timestamptz)) AS index_ms,
       pg_size_pretty(pg_relation_size('functions_embedded')) AS table_size,
       pg_size_pretty(pg_relation_size('functions_embedded_idx')) AS index_size
FROM functions_embedded \gset
\echo Names and descriptions of :rows functions became vectors of 256 dimensions in :embed_ms ms (:table_size),
\echo an HNSW index on them took :index_ms ms (:index_size).
\echo

\echo '1. Functions like the one you know'
\echo '----------------------------------'
SELECT CASE row_number() OVER (PARTITION BY known.nr ORDER BY nearest.distance) WHEN 1 THEN known.name ELSE '' END
         AS "like ...",
       nearest.signature AS function,
       nearest.description,
       to_char(1 - nearest.distance, '0.00') AS similarity
FROM (SELECT DISTINCT ON (nr) nr, name, embedding
      FROM unnest(ARRAY['substring', 'array_length', 'sin', 'pg_cancel_backend', 'json_build_object'])
           WITH ORDINALITY AS asked (name, nr)
      JOIN functions_embedded USING (name)
      ORDER BY nr, oid) AS known
CROSS JOIN LATERAL (
  SELECT signature, regexp_replace(description, '^(.{47}).{4,}$', '\1...') AS description,
         embedding <=> known.embedding AS distance
  FROM functions_embedded
  WHERE name <> known.name
  ORDER BY embedding <=> known.embedding
  LIMIT 4
) AS nearest
ORDER BY known.nr, nearest.distance;

\echo '2. Functions by a description in your own words'
\echo '-----------------------------------------------'
\set question 'round a number to the nearest integer'
\echo :question
SELECT signature AS function, description,
       to_char(1 - (embedding <=> embed(:'question')), '0.00') AS similarity
FROM functions_embedded
ORDER BY embedding <=> embed(:'question')
LIMIT 5;

\echo 'That search as the planner ran it:'
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT signature FROM functions_embedded ORDER BY embedding <=> embed(:'question') LIMIT 5;

\echo '3. What the index costs and what it saves'
\echo '-----------------------------------------'
CREATE TABLE samples AS SELECT oid, embedding FROM functions_embedded ORDER BY md5(oid::text) LIMIT 200;
CREATE TABLE answers (way text, sample oid, distance float8);
CREATE TABLE times (way text, ms float8);

-- The ten nearest of each sample, with the index or without; twice, and the second time counts.
CREATE PROCEDURE search_samples(way text) LANGUAGE plpgsql AS $$
DECLARE
  search constant text := $search$
    SELECT samples.oid, nearest.distance FROM samples CROSS JOIN LATERAL (
      SELECT f.embedding <=> samples.embedding AS distance FROM functions_embedded f
      ORDER BY f.embedding <=> samples.embedding LIMIT 10) AS nearest $search$;
  with_index constant boolean := way = 'by index';
  line text;
  index_used boolean := false;
  started timestamptz;
BEGIN
  PERFORM set_config('enable_indexscan', CASE WHEN with_index THEN 'on' ELSE 'off' END, true);
  PERFORM set_config('enable_seqscan', CASE WHEN with_index THEN 'off' ELSE 'on' END, true);
  FOR line IN EXECUTE 'EXPLAIN ' || search LOOP
    index_used := index_used OR line LIKE '%Index Scan using functions_embedded_idx%';
  END LOOP;
  IF index_used <> with_index THEN RAISE EXCEPTION 'the plan for searching "%" is the wrong one', way; END IF;

  FOR run IN 1..2 LOOP
    DELETE FROM answers WHERE answers.way = search_samples.way;
    started := clock_timestamp();
    EXECUTE 'INSERT INTO answers SELECT $1, * FROM (' || search || ') AS found' USING way;
  END LOOP;
  INSERT INTO times VALUES (way, 1000 * extract(epoch FROM clock_timestamp() - started));
END
$$;
CALL search_samples('every row');
CALL search_samples('by index');

-- An answer is right when it is no farther than the tenth nearest row.
WITH tenth AS (SELECT sample, max(distance) AS distance FROM answers WHERE way = 'every row' GROUP BY sample)
SELECT times.way AS "search", count(*) AS answers,
       to_char(100.0 * count(*) FILTER (WHERE answers.distance <= tenth.distance)
                     / (10 * count(DISTINCT sample)), '990.0 %') AS "recall@10",
       to_char(times.ms, '99990.0') AS "total ms", to_char(times.ms / count(DISTINCT sample), '990.000') AS "ms a search"
FROM times JOIN answers USING (way) JOIN tenth USING (sample)
GROUP BY times.way, times.ms ORDER BY times.ms DESC;

SELECT round((max(ms) FILTER (WHERE way = 'every row') / max(ms) FILTER (WHERE way = 'by index'))::numeric, 1) AS ratio
FROM times \gset
\echo Searching every row took :ratio times as long as searching by index. The gap widens as a table grows,
\echo because only the first way looks at every row.
\echo
