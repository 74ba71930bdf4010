-- + - * || of halfvec, and values made of parts of others.

SELECT '[1,2,3]'::halfvec + '[4,5,-6]' AS sum, '[1,2,3]'::halfvec - '[4,5,-6]' AS difference, '[1,2,3]'::halfvec * '[4,5,-6]' AS product;
SELECT '[1,2]'::halfvec || '[3]' AS concatenated, halfvec_concat('[1]', '[2,3]');
SELECT halfvec_add('[1]', '[2]'), halfvec_sub('[1]', '[2]'), halfvec_mul('[3]', '[2]');
SELECT '[-0]'::halfvec + '[-0]' AS minus_zero, '[0]'::halfvec - '[0]' AS zero, '[-1]'::halfvec * '[0]' AS product;
-- longer than a block of the implementation
SELECT bool_and(a + b = c AND c - b = a AND a * ones = a AND subvector(a || b, n + 1, n) = b) AS right
FROM (SELECT n, array_agg(i)::halfvec AS a, array_agg(2 * i)::halfvec AS b, array_agg(3 * i)::halfvec AS c, array_agg(1)::halfvec AS ones
	FROM unnest(ARRAY[1, 2, 7, 511, 512, 513]) n, generate_series(1, n) i GROUP BY n) AS lengths;

-- overflow and underflow
SELECT '[60000]'::halfvec + '[60000]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[-60000,1]'::halfvec - '[60000,1]';
SELECT '[1,60000]'::halfvec * '[1,10]';
SELECT '[1,1e-4]'::halfvec * '[1,-1e-4]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1e-4]'::halfvec * '[0]' AS zero_is_no_underflow;

-- dimensions
SELECT '[1,2]'::halfvec + '[1]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2]'::halfvec - '[1]';
SELECT '[1]'::halfvec * '[1,2]';
SELECT vector_dims(array_fill(1, ARRAY[8000])::halfvec || array_fill(1, ARRAY[8000])::halfvec);
SELECT array_fill(1, ARRAY[16000])::halfvec || '[1]';
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::halfvec + NULL AS a, NULL::halfvec - '[1]' AS b, NULL::halfvec * NULL AS c, '[1]'::halfvec || NULL AS d;

-- subvector(first, count), like substring
SELECT subvector('[1,2,3,4,5]'::halfvec, 1, 3) AS "1..3", subvector('[1,2,3,4,5]'::halfvec, 3, 2) AS "3..4", subvector('[1,2,3,4,5]'::halfvec, 5, 1) AS "5";
SELECT subvector('[1,2,3,4,5]'::halfvec, 4, 9) AS beyond, subvector('[1,2,3,4,5]'::halfvec, -1, 3) AS "-1..1", subvector('[1,2,3]'::halfvec, 0, 2147483647) AS everything;
SELECT subvector('[1,2,3]'::halfvec, -2147483648, 2147483647);
\echo :LAST_ERROR_SQLSTATE
SELECT subvector('[1,2,3]'::halfvec, 2147483647, 2147483647);
SELECT subvector('[1,2,3]'::halfvec, 4, 1);
SELECT subvector('[1,2,3]'::halfvec, -1, 2);
SELECT subvector('[1,2,3]'::halfvec, 1, 0);
SELECT subvector('[1,2,3]'::halfvec, 3, -2);
\echo :LAST_ERROR_SQLSTATE

-- binary_quantize: whether an element is positive
SELECT binary_quantize('[1,0,-1,0.001,-0]'::halfvec), binary_quantize('[0,0,0,0,0,0,0,1]'::halfvec), binary_quantize('[1,1,1,1,1,1,1,1,2]'::halfvec);
SELECT pg_typeof(binary_quantize('[1]'::halfvec)), length(binary_quantize(array_fill(1, ARRAY[16000])::halfvec)), bit_count(binary_quantize(array_fill(1, ARRAY[16000])::halfvec));

-- in a generated column, in a domain, in an array
CREATE DOMAIN unit AS halfvec(2) CHECK (abs(inner_product(VALUE, VALUE) - 1) < 0.01);
CREATE TABLE items (id int, v halfvec(2), normalized halfvec(2) GENERATED ALWAYS AS (l2_normalize(v)) STORED, direction unit, several halfvec[]);
INSERT INTO items (id, v, direction, several) VALUES (1, '[3,4]', '[0,1]', ARRAY['[1]', '[1,2]']::halfvec[]), (2, NULL, NULL, '{}'), (3, '[0,0]', '[0.6,-0.8]', '{NULL,"[7]"}');
SELECT * FROM items ORDER BY id;
INSERT INTO items (direction) VALUES ('[1,1]');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items (direction) VALUES ('[1]');
\echo :LAST_ERROR_SQLSTATE
SELECT direction <-> '[0,0]' AS length, (direction + '[1,1]') AS sum, pg_typeof(direction + direction) FROM items WHERE id = 1;
SELECT id, array_length(several, 1), several[2], several @> ARRAY['[7]']::halfvec[] AS contains FROM items ORDER BY id;
UPDATE items SET v = v + '[2,8]', several = several || '[9]'::halfvec WHERE id = 1 RETURNING v, normalized, several;
SELECT array_agg(v ORDER BY id) FROM items;
SELECT * FROM unnest(ARRAY['[1]', '[2,3]']::halfvec[]) AS v;
DROP TABLE items;
DROP DOMAIN unit;
