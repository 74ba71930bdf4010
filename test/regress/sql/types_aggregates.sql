-- avg and sum of vector and halfvec.

CREATE TABLE items (id int, v vector, h halfvec);
INSERT INTO items VALUES (1, '[1,2,3]', '[1,2,3]'), (2, '[3,5,7]', '[3,5,7]'), (3, NULL, NULL), (4, '[2,-1,0.5]', '[2,-1,0.5]');
SELECT avg(v), sum(v), avg(h), sum(h), pg_typeof(avg(v)) AS v, pg_typeof(avg(h)) AS h FROM items;
SELECT avg(v), sum(v), avg(h), sum(h) FROM items WHERE id = 2;
-- the inputs are left as they are
SELECT id, v, h FROM items ORDER BY id;

-- nothing to aggregate
SELECT avg(v), sum(v), avg(h), sum(h) FROM items WHERE v IS NULL;
SELECT avg(v), sum(v), avg(h), sum(h) FROM items WHERE false;

-- groups, grouping sets, DISTINCT, FILTER, ORDER BY
SELECT id % 2 AS odd, avg(v), sum(h) FROM items GROUP BY 1 ORDER BY 1;
SELECT id % 2 AS odd, avg(v), sum(v) FROM items GROUP BY ROLLUP (1) ORDER BY 1;
SELECT sum(DISTINCT v), avg(h) FILTER (WHERE id < 3), sum(v ORDER BY id DESC) FROM (TABLE items UNION ALL TABLE items) AS twice;

-- windows: the state grows from row to row and is read in between
SELECT id, sum(v) OVER w AS running_sum, avg(v) OVER w AS running_avg, sum(h) OVER w AS running_sum_h, avg(h) OVER w AS running_avg_h
FROM items WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT id, sum(v) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving FROM items ORDER BY id;
SELECT array_agg(s ORDER BY id) AS kept FROM (SELECT id, sum(v) OVER (ORDER BY id) AS s FROM items) AS sums;

-- toasted values: the first one is not the state itself
CREATE TABLE large (id int, v vector, h halfvec);
INSERT INTO large SELECT n, array_fill(n, ARRAY[3000])::vector, array_fill(n, ARRAY[3000])::halfvec FROM generate_series(1, 5) n;
SELECT sum(v) = array_fill(15, ARRAY[3000])::vector AS sum_v, avg(v) = array_fill(3, ARRAY[3000])::vector AS avg_v,
	sum(h) = array_fill(15, ARRAY[3000])::halfvec AS sum_h, avg(h) = array_fill(3, ARRAY[3000])::halfvec AS avg_h FROM large;
SELECT id, v = array_fill(id, ARRAY[3000])::vector AS v, h = array_fill(id, ARRAY[3000])::halfvec AS h FROM large ORDER BY id;

-- avg sums in double precision: no overflow; sum has the type's precision
SELECT avg(v), avg(h) FROM (VALUES ('[3e38,1]'::vector, '[65504,1]'::halfvec), ('[3e38,2]', '[65504,3]')) AS t (v, h);
SELECT sum(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]')) AS t (v);
\echo :LAST_ERROR_SQLSTATE
SELECT sum(h) FROM (VALUES ('[65504]'::halfvec), ('[65504]')) AS t (h);
\echo :LAST_ERROR_SQLSTATE
SELECT avg(h) AS exact, sum(h) AS halves FROM (SELECT '[2048]'::halfvec UNION ALL SELECT '[1]' FROM generate_series(1, 2)) AS t (h);
SELECT avg(v) FROM (VALUES ('[16777216]'::vector), ('[1]'), ('[1]'), ('[0]')) AS t (v);

-- mixed dimensions
SELECT avg(v) FROM (VALUES ('[1,2]'::vector), ('[3]')) AS t (v);
\echo :LAST_ERROR_SQLSTATE
SELECT sum(v) FROM (VALUES ('[1,2]'::vector), ('[3]')) AS t (v);
\echo :LAST_ERROR_SQLSTATE
SELECT avg(h) FROM (VALUES ('[1,2]'::halfvec), ('[3]')) AS t (h);
\echo :LAST_ERROR_SQLSTATE
SELECT sum(h) FROM (VALUES ('[1,2]'::halfvec), ('[3]')) AS t (h);

-- the functions themselves: outside an aggregate they leave their arguments alone
SELECT s, vector_accum(s, '[1,2]'), s AS unchanged FROM (VALUES ('{0}'::float8[]), ('{1,3,4}')) AS t (s);
SELECT halfvec_accum('{2,1,1}', '[0.5,-2]');
SELECT vector_combine('{0}', '{0}'), vector_combine('{0}', '{1,2}'), vector_combine('{3,4}', '{0}'), vector_combine('{1,2}', '{3,4}'), halfvec_combine('{1,2}', '{3,4}');
SELECT vector_avg('{0}'), vector_avg('{2,3,4}'), halfvec_avg('{0}'), halfvec_avg('{4,1,2}');

-- parallel: partial states are combined; no sum here leaves the integers that the type holds exactly
CREATE TABLE many (id int, v vector(3), h halfvec(3));
INSERT INTO many SELECT n, ARRAY[n, -n, n % 7]::vector, ARRAY[n % 2, n % 3 - 1, (n % 4 = 0)::int]::halfvec FROM generate_series(1, 3000) n;
ANALYZE many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT avg(v), sum(v), avg(h), sum(h) FROM many;
SELECT avg(v)::real[] = ARRAY[1500.5, -1500.5, 8998 / 3000.0]::real[] AS avg_v, sum(v), avg(h), sum(h) FROM many;
SELECT avg(v), sum(v), avg(h), sum(h) FROM many WHERE id < 0;
SELECT id % 3 AS rest, avg(v), sum(h) FROM many GROUP BY 1 ORDER BY 1;
INSERT INTO many SELECT n, NULL, NULL FROM generate_series(1, 3000) n;
SELECT count(*), sum(v) FROM many;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
SELECT aggfnoid::regprocedure, aggtransfn, aggfinalfn, aggcombinefn, aggtranstype::regtype, agginitval, proparallel
FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid WHERE proargtypes[0] IN ('vector'::regtype, 'halfvec'::regtype) ORDER BY 1;

DROP TABLE items, large, many;
