-- + - * || of vector, and values made of parts of others.

SELECT '[1,2,3]'::vector + '[4,5,-6]' AS sum, '[1,2,3]'::vector - '[4,5,-6]' AS difference, '[1,2,3]'::vector * '[4,5,-6]' AS product;
SELECT '[1,2]'::vector || '[3]' AS concatenated, vector_concat('[1]', '[2,3]');
SELECT vector_add('[1]', '[2]'), vector_sub('[1]', '[2]'), vector_mul('[3]', '[2]');
SELECT '[-0]'::vector + '[-0]' AS minus_zero, '[0]'::vector - '[0]' AS zero, '[-1]'::vector * '[0]' AS product;
-- longer than a block of the implementation
SELECT bool_and(a + b = c AND c - b = a AND a * ones = a AND subvector(a || b, n + 1, n) = b) AS right
FROM (SELECT n, array_agg(i)::vector AS a, array_agg(2 * i)::vector AS b, array_agg(3 * i)::vector AS c, array_agg(1)::vector AS ones
	FROM unnest(ARRAY[1, 2, 7, 511, 512, 513]) n, generate_series(1, n) i GROUP BY n) AS lengths;

-- overflow and underflow
SELECT '[3e38]'::vector + '[3e38]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[-3e38,1]'::vector - '[3e38,1]';
SELECT '[1,3e38]'::vector * '[1,10]';
SELECT '[1,1e-30]'::vector * '[1,-1e-30]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1e-30]'::vector * '[0]' AS zero_is_no_underflow;

-- dimensions
SELECT '[1,2]'::vector + '[1]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2]'::vector - '[1]';
SELECT '[1]'::vector * '[1,2]';
SELECT vector_dims(array_fill(1, ARRAY[8000])::vector || array_fill(1, ARRAY[8000])::vector);
SELECT array_fill(1, ARRAY[16000])::vector || '[1]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::vector + NULL AS a, NULL::vector - '[1]' AS b, NULL::vector * NULL AS c, '[1]'::vector || NULL AS d;

-- subvector(first, count), like substring
SELECT subvector('[1,2,3,4,5]'::vector, 1, 3) AS "1..3", subvector('[1,2,3,4,5]'::vector, 3, 2) AS "3..4", subvector('[1,2,3,4,5]'::vector, 5, 1) AS "5";
SELECT subvector('[1,2,3,4,5]'::vector, 4, 9) AS beyond, subvector('[1,2,3,4,5]'::vector, -1, 3) AS "-1..1", subvector('[1,2,3]'::vector, 0, 2147483647) AS everything;
SELECT subvector('[1,2,3]'::vector, -2147483648, 2147483647);
\echo :LAST_ERROR_SQLSTATE
SELECT subvector('[1,2,3]'::vector, 2147483647, 2147483647);
SELECT subvector('[1,2,3]'::vector, 4, 1);
SELECT subvector('[1,2,3]'::vector, -1, 2);
SELECT subvector('[1,2,3]'::vector, 1, 0);
SELECT subvector('[1,2,3]'::vector, 3, -2);
\echo :LAST_ERROR_SQLSTATE

-- binary_quantize: whether an element is positive
SELECT binary_quantize('[1,0,-1,0.001,-0]'::vector), binary_quantize('[0,0,0,0,0,0,0,1]'::vector), binary_quantize('[1,1,1,1,1,1,1,1,2]'::vector);
SELECT pg_typeof(binary_quantize('[1]'::vector)), length(binary_quantize(array_fill(1, ARRAY[16000])::vector)), bit_count(binary_quantize(array_fill(1, ARRAY[16000])::vector));

-- in a generated column, in a domain, in an array
CREATE DOMAIN unit AS vector(2) CHECK (abs(inner_product(VALUE, VALUE) - 1) < 0.01);
CREATE TABLE items (id int, v vector(2), normalized vector(2) GENERATED ALWAYS AS (l2_normalize(v)) STORED, direction unit, several vector[]);
INSERT INTO items (id, v, direction, several) VALUES (1, '[3,4]', '[0,1]', ARRAY['[1]', '[1,2]']::vector[]), (2, NULL, NULL, '{}'), (3, '[0,0]', '[0.6,-0.8]', '{NULL,"[7]"}');
SELECT * FROM items ORDER BY id;
INSERT INTO items (direction) VALUES ('[1,1]');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items (direction) VALUES ('[1]');
\echo :LAST_ERROR_SQLSTATE
SELECT direction <-> '[0,0]' AS length, (direction + '[1,1]') AS sum, pg_typeof(direction + direction) FROM items WHERE id = 1;
SELECT id, array_length(several, 1), several[2], several @> ARRAY['[7]']::vector[] AS contains FROM items ORDER BY id;
UPDATE items SET v = v + '[2,8]', several = several || '[9]'::vector WHERE id = 1 RETURNING v, normalized, several;
SELECT array_agg(v ORDER BY id) FROM items;
SELECT * FROM unnest(ARRAY['[1]', '[2,3]']::vector[]) AS v;
DROP TABLE items;
DROP DOMAIN unit;
