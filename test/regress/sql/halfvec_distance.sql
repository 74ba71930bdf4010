-- Distances of halfvecs, and exact search. Small integers, so that every sum is exact.

SELECT l2_distance('[0,0]'::halfvec, '[3,4]'), '[0,0]'::halfvec <-> '[3,4]' AS operator,
	halfvec_l2_squared_distance('[1,2,3]', '[4,6,15]');
SELECT inner_product('[1,2,3]'::halfvec, '[4,-5,6]'), '[1,2,3]'::halfvec <#> '[4,-5,6]' AS operator,
	halfvec_negative_inner_product('[1,2]', '[-3,-4]');
SELECT cosine_distance('[1,0]'::halfvec, '[0,5]') AS right_angle, cosine_distance('[3,4]'::halfvec, '[6,8]') AS same,
	'[3,4]'::halfvec <=> '[-6,-8]' AS opposite, '[3,4]'::halfvec <=> '[4,3]' AS between;
SELECT l1_distance('[1,-2,3]'::halfvec, '[4,5,-6]'), '[0,0]'::halfvec <+> '[-3,4]' AS operator;
SELECT l1_distance('[1,-2,3]'::vector, '[4,5,-6]'), '[0,0]'::vector <+> '[-3,4]' AS operator;
SELECT halfvec_spherical_distance('[1,0]', '[0,1]') AS right_angle, halfvec_spherical_distance('[1,0]', '[-1,0]') AS opposite,
	halfvec_spherical_distance('[1,0]', '[1,0]') AS same, vector_spherical_distance('[0,1]', '[1,0]') AS vectors,
	vector_spherical_distance('[2,0]', '[2,0]') AS clamped;
SELECT vector_dims('[1,2,3]'::halfvec), l2_norm('[3,4]'::halfvec), l2_norm('[0,0]'::halfvec);
SELECT l2_normalize('[3,4]'::halfvec), l2_normalize('[0,0]'::halfvec), l2_normalize('[0,-5,0,0]'::halfvec);
SELECT l2_normalize('[65504,65504]'::halfvec) AS largest, l2_normalize('[5.9604645e-08]'::halfvec) AS smallest;

-- every length of tail after the full registers
SELECT count(*), bool_and(inner_product(v, ones) = n * (n + 1) / 2) AS inner_product,
	bool_and(halfvec_l2_squared_distance(v, w) = 4 * n) AS l2, bool_and(v <=> v = 0) AS cosine,
	bool_and(v <+> w = 2 * n) AS l1, bool_and(l2_norm(ones) = sqrt(n)) AS norm
FROM (SELECT n, array_agg(i)::halfvec AS v, array_agg(i - 2)::halfvec AS w, array_agg(1)::halfvec AS ones
	FROM generate_series(1, 133) n, generate_series(1, n) i GROUP BY n) AS lengths;
SELECT inner_product(v, v), halfvec_l2_squared_distance(v, w), v <=> w AS cosine, v <+> w AS l1
FROM (SELECT array_fill(1, ARRAY[16000])::halfvec AS v, array_fill(-1, ARRAY[16000])::halfvec AS w) AS longest;

-- sums are those of the widened numbers, so they do not overflow
SELECT '[65504]'::halfvec <-> '[-65504]' AS l2, '[65504]'::halfvec <#> '[65504]' AS ip, '[65504,65504]'::halfvec <+> '[-65504,-65504]' AS l1;
SELECT '[5.9604645e-08]'::halfvec <-> '[0]' AS smallest, '[5.9604645e-08]'::halfvec <=> '[5.9604645e-08]' AS direction;
SELECT cosine_distance('[0,0]'::halfvec, '[1,1]') AS no_direction;
SELECT '[3e38]'::vector <+> '[-3e38]' AS vector_l1_overflows;

-- different dimensions, NULL
SELECT '[1,2]'::halfvec <-> '[1]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::halfvec <#> '[1,2]';
SELECT '[1,2]'::halfvec <=> '[1,2,3]';
SELECT '[1,2]'::halfvec <+> '[1,2,3]';
SELECT '[1,2]'::vector <+> '[1,2,3]';
\echo :LAST_ERROR_SQLSTATE
SELECT halfvec_l2_squared_distance('[1,2]', '[1]');
SELECT halfvec_spherical_distance('[1,2]', '[1]');
SELECT '[1]'::halfvec <-> NULL AS l2, NULL::halfvec <#> '[1]' AS ip, NULL::halfvec <=> NULL AS cosine, '[1]'::halfvec <+> NULL AS l1;

-- exact search
CREATE TABLE items (id int, embedding halfvec(3));
INSERT INTO items VALUES
	(1, '[3,1,2]'), (2, '[1,2,3]'), (3, '[3,1,4]'), (4, '[0,0,0]'), (5, '[6,2,4]'), (6, NULL), (7, '[-3,-1,-2]');
SELECT id, round((embedding <-> '[3,1,2]') ^ 2) AS squared FROM items ORDER BY embedding <-> '[3,1,2]', id LIMIT 4;
SELECT id, embedding <#> '[3,1,2]' AS distance FROM items ORDER BY embedding <#> '[3,1,2]', id LIMIT 3;
SELECT id, embedding <+> '[3,1,2]' AS distance FROM items ORDER BY embedding <+> '[3,1,2]', id;
SELECT id, round((embedding <=> '[3,1,2]')::numeric, 6) AS distance FROM items ORDER BY embedding <=> '[3,1,2]', id;
DROP TABLE items;
