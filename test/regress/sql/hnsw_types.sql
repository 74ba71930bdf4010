-- hnsw on halfvec, and the taxicab distance: every operator class answers like a sequential scan
CREATE TABLE rows AS
SELECT id, ARRAY[id % 10, id / 10 % 10, id / 100]::vector(3) AS v FROM generate_series(0, 299) AS id;
CREATE TABLE items (id int, v vector(3), h halfvec(3));
INSERT INTO items SELECT id, v, v FROM rows;
INSERT INTO items VALUES (1000, NULL, NULL);

-- distances in the order of an index scan, against the sorted ones of a sequential scan
CREATE FUNCTION answers_like_seqscan(opclass text, column_name text, operator text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  query text := format('%I %s ''[3.25,4.5,1.125]''', column_name, operator);
  statement text := format('SELECT %s AS d FROM items WHERE v IS NOT NULL ORDER BY %1$s LIMIT 30', query);
  line text; plan text := ''; found float8[]; exact float8[];
BEGIN
  EXECUTE format('CREATE INDEX tested ON items USING hnsw (%I %s)', column_name, opclass);
  SET LOCAL hnsw.ef_search = 400;
  SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP plan := plan || line; END LOOP;
  IF plan NOT LIKE '%Index Scan using tested%' THEN RETURN plan; END IF;
  EXECUTE 'SELECT array_agg(d ORDER BY n) FROM (SELECT d, row_number() OVER () AS n FROM (' || statement || ') s) s' INTO found;
  SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = on; SET LOCAL enable_sort = on;
  EXECUTE 'SELECT array_agg(d ORDER BY n) FROM (SELECT d, row_number() OVER () AS n FROM (' || statement || ') s) s' INTO exact;
  DROP INDEX tested;
  SET LOCAL enable_indexscan = on;
  -- half-precision normalizing may swap rows of nearly the same cosine distance
  RETURN (SELECT bool_and(abs(a - b) <= CASE WHEN opclass = 'halfvec_cosine_ops' THEN 0.002 ELSE 0 END)
          FROM unnest(found, exact) AS t (a, b));
END $$;
SELECT opclass, answers_like_seqscan(opclass, column_name, operator)
FROM (VALUES ('vector_l1_ops', 'v', '<+>'), ('halfvec_l2_ops', 'h', '<->'), ('halfvec_ip_ops', 'h', '<#>'),
             ('halfvec_cosine_ops', 'h', '<=>'), ('halfvec_l1_ops', 'h', '<+>')) AS t (opclass, column_name, operator);

SET enable_seqscan = off;
-- halves of a column of vectors, by expression
CREATE INDEX by_expression ON items USING hnsw ((v::halfvec(3)) halfvec_cosine_ops);
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY v::halfvec(3) <=> '[3,4,1]' LIMIT 1;
SELECT id FROM items ORDER BY v::halfvec(3) <=> '[3,4,1]' LIMIT 1;
DROP INDEX by_expression;

-- zero vectors have no cosine distance: row 0 and the NULL are not in the index
CREATE INDEX by_cosine ON items USING hnsw (h halfvec_cosine_ops);
SET hnsw.ef_search = 1000;
SELECT count(*), count(*) FILTER (WHERE id IN (0, 1000)) FROM (SELECT id FROM items ORDER BY h <=> '[1,1,1]') AS found;
INSERT INTO items VALUES (1001, NULL, '[0,0,0]'), (1002, NULL, '[0.1,0,65504]');
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM items ORDER BY h <=> '[0,0,1]' LIMIT 3) t;
RESET hnsw.ef_search;

-- limits and messages
CREATE TABLE wide (h halfvec(4000), wider halfvec(4001), too_wide halfvec(8001), loose halfvec);
CREATE INDEX ON wide USING hnsw (h halfvec_l2_ops) WITH (quantization = 'none');
INSERT INTO wide (h) SELECT array_fill(i, ARRAY[4000])::halfvec FROM generate_series(1, 20) AS i;
SELECT subvector(h, 4000, 1) FROM wide ORDER BY h <-> array_fill(7, ARRAY[4000])::halfvec LIMIT 1;
CREATE INDEX ON wide USING hnsw (wider halfvec_l2_ops) WITH (quantization = 'none');
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON wide USING hnsw (wider halfvec_l1_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON wide USING hnsw (too_wide halfvec_l2_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON wide USING hnsw (loose halfvec_l2_ops);
\echo :LAST_ERROR_SQLSTATE
CREATE INDEX ON wide USING hnsw (h vector_l2_ops);
SELECT id FROM items ORDER BY h <=> '[1,2]' LIMIT 1;
\echo :LAST_ERROR_SQLSTATE

DROP TABLE rows, items, wide;
DROP FUNCTION answers_like_seqscan;
