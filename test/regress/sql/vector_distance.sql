-- Distances, and exact search by sequential scan. Small integers, so that every sum is exact.

SELECT l2_distance('[0,0]'::vector, '[3,4]'), '[0,0]'::vector <-> '[3,4]' AS operator;
SELECT l2_distance('[1,2,3]'::vector, '[1,2,3]'), vector_l2_squared_distance('[1,2,3]', '[4,6,15]');
SELECT inner_product('[1,2,3]'::vector, '[4,-5,6]'), '[1,2,3]'::vector <#> '[4,-5,6]' AS operator,
	vector_negative_inner_product('[1,2]', '[-3,-4]');
SELECT cosine_distance('[1,0]'::vector, '[0,5]') AS right_angle, cosine_distance('[3,4]'::vector, '[6,8]') AS same,
	'[3,4]'::vector <=> '[-6,-8]' AS opposite, '[3,4]'::vector <=> '[4,3]' AS between;
SELECT vector_dims('[1,2,3]'::vector), vector_norm('[3,4]'), vector_norm('[0,0]');
SELECT l2_normalize('[3,4]'::vector), l2_normalize('[0,0]'::vector), l2_normalize('[0,-5,0,0]'::vector);

-- every length of tail after the full registers: 1 + 2 + ... + n, n differences of 2, n ones
SELECT count(*), bool_and(inner_product(v, ones) = n * (n + 1) / 2) AS inner_product,
	bool_and(vector_l2_squared_distance(v, w) = 4 * n) AS l2, bool_and(v <=> v = 0) AS cosine,
	bool_and(vector_norm(ones) = sqrt(n)) AS norm
FROM (SELECT n, array_agg(i)::vector AS v, array_agg(i - 2)::vector AS w, array_agg(1)::vector AS ones
	FROM generate_series(1, 133) n, generate_series(1, n) i GROUP BY n) AS lengths;
SELECT inner_product(v, v), vector_l2_squared_distance(v, w), v <=> w AS cosine
FROM (SELECT array_fill(1, ARRAY[16000])::vector AS v, array_fill(-1, ARRAY[16000])::vector AS w) AS longest;

-- zero vectors have no direction
SELECT cosine_distance('[0,0]'::vector, '[1,1]'), cosine_distance('[0,0]'::vector, '[0,0]');
SELECT '[0]'::vector <#> '[1]' AS negative_zero;

-- sums are single precision and may overflow; the norm is double precision and does not
SELECT '[3e38]'::vector <-> '[-3e38]' AS l2, '[3e38]'::vector <#> '[3e38]' AS ip, vector_norm('[3e38]') > 2.9e38 AS norm;
SELECT l2_normalize('[3e38]'::vector), l2_normalize('[1e-40]'::vector), l2_normalize('[3e38,-3e38]'::vector);
SELECT vector_norm('[1e-30]') > 0 AS tiny_norm, '[1e-30]'::vector <-> '[0]' AS tiny_l2;
-- a cosine only needs a finite inner product
SELECT round(('[1,2]'::vector <=> '[1e-30,0]')::numeric, 6) AS tiny, round(('[1,2]'::vector <=> '[3e38,0]')::numeric, 6) AS huge,
	'[1e-45]'::vector <=> '[-3e38]' AS both, '[1e-30,2e-30]'::vector <=> '[1e-30,2e-30]' AS same, '[3e38]'::vector <=> '[3e38]' AS overflows,
	'[1e-30]'::vector <=> '[0]' AS no_direction;

-- different dimensions
SELECT '[1,2]'::vector <-> '[1]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::vector <#> '[1,2]';
SELECT '[1,2]'::vector <=> '[1,2,3]';
\echo :LAST_ERROR_SQLSTATE
SELECT vector_l2_squared_distance('[1,2]', '[1]');
SELECT vector_negative_inner_product('[1,2]', '[1]');
SELECT inner_product('[1,2]'::vector, '[1]');

-- NULL in, NULL out
SELECT '[1]'::vector <-> NULL AS l2, NULL::vector <#> '[1]' AS ip, cosine_distance(NULL::vector, NULL) AS cosine;

-- exact search
CREATE TABLE items (id int, embedding vector(3));
INSERT INTO items VALUES
	(1, '[3,1,2]'), (2, '[1,2,3]'), (3, '[3,1,4]'), (4, '[0,0,0]'), (5, '[6,2,4]'),
	(6, '[3,1,-2]'), (7, NULL), (8, '[-3,-1,-2]'), (9, '[4,1,2]'), (10, '[5,1,3]');
EXPLAIN (COSTS OFF) SELECT * FROM items ORDER BY embedding <-> '[3,1,2]' LIMIT 5;
SELECT * FROM items ORDER BY embedding <-> '[3,1,2]' LIMIT 5;
SELECT id, round((embedding <-> '[3,1,2]') ^ 2) AS squared FROM items ORDER BY embedding <-> '[3,1,2]' LIMIT 5;
SELECT id, embedding <#> '[3,1,2]' AS distance FROM items ORDER BY embedding <#> '[3,1,2]', id LIMIT 5;
SELECT id, round((embedding <=> '[3,1,2]')::numeric, 6) AS distance
FROM items ORDER BY embedding <=> '[3,1,2]', id;
-- (for PostgreSQL NaN, the similarity to a zero vector, is greater than any number)
SELECT id, round((1 - (embedding <=> '[3,1,2]'))::numeric, 6) AS similarity
FROM items WHERE 1 - (embedding <=> '[3,1,2]') > 0.9 ORDER BY id;
SELECT id FROM items WHERE embedding <-> '[3,1,2]' <= 2 ORDER BY id;
SELECT id FROM items WHERE id <> 1 ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 1), id LIMIT 3;
SELECT a.id, b.id FROM items a CROSS JOIN LATERAL
	(SELECT id FROM items i WHERE i.id <> a.id ORDER BY i.embedding <-> a.embedding, id LIMIT 1) b
WHERE a.id IN (1, 4) ORDER BY a.id;
SELECT round(max(embedding <-> '[0,0,0]') ^ 2) AS farthest FROM items;
PREPARE nearest(vector) AS SELECT id FROM items ORDER BY embedding <-> $1, id LIMIT 2;
EXECUTE nearest('[0,0,1]');
EXECUTE nearest('[6,2,5]');
EXECUTE nearest('[6,2]');
DEALLOCATE nearest;

-- in parallel workers
CREATE TABLE many (id int, embedding vector(2));
INSERT INTO many SELECT n, ARRAY[n, -n]::vector FROM generate_series(1, 2000) n;
ANALYZE many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT id FROM many ORDER BY embedding <-> '[100,-100]' LIMIT 3;
SELECT id, round((embedding <-> '[100,-100]') ^ 2) AS squared FROM many ORDER BY embedding <-> '[100,-100]', id LIMIT 3;
EXPLAIN (COSTS OFF) SELECT count(*), sum(embedding <#> '[1,0]') FROM many WHERE embedding <=> '[1,-1]' < 1e-6;
SELECT count(*), sum(embedding <#> '[1,0]') FROM many WHERE embedding <=> '[1,-1]' < 1e-6;
SELECT count(*) FROM many WHERE embedding::real[] = ARRAY[id, -id]::real[] AND embedding > '[1000]' AND l2_normalize(embedding) = l2_normalize('[1,-1]'::vector);
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

DROP TABLE items, many;
