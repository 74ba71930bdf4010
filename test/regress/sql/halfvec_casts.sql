-- Casts between halfvec, vector and arrays.

-- which casts there are: a = on assignment, i = implicit
SELECT castsource::regtype AS source, casttarget::regtype AS target, castcontext AS context
FROM pg_cast WHERE 'halfvec'::regtype IN (castsource, casttarget)
ORDER BY castsource::regtype::text COLLATE "C", casttarget::regtype::text COLLATE "C";

-- arrays to halfvec
SELECT ARRAY[1,-2,65504]::halfvec;
SELECT ARRAY[1.5,0.1]::real[]::halfvec;
SELECT ARRAY[1.5,0.1,1e-50]::float8[]::halfvec;
SELECT ARRAY[1.5,-0.1,2049]::numeric[]::halfvec;
SELECT '[0:2]={1,2,3}'::int[]::halfvec AS other_lower_bound;
SELECT ARRAY[1,2,3]::halfvec(3);
SELECT array_to_halfvec(ARRAY[1,2,3], -1, false);

-- between vector and halfvec
SELECT '[1,0.1,2049,-65519]'::vector::halfvec;
SELECT '[1,0.1,2049]'::halfvec::vector;
SELECT '[1,2]'::vector::halfvec(2), '[1,2]'::halfvec::vector(2);
SELECT vector_to_halfvec('[1,2]', -1, false), halfvec_to_vector('[1,2]', 2, true);
SELECT bool_and(h::vector::halfvec = h) AS round_trip
FROM (SELECT ARRAY[n / 7.0, -n, n * n]::halfvec AS h FROM generate_series(1, 200) n) AS halves;

-- vector to halfvec is implicit, the other way needs an assignment or a cast
SELECT l2_norm('[3,4]'::vector);
SELECT vector_norm('[3,4]'::halfvec);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2]'::vector <-> '[4,6]'::halfvec AS mixed;
CREATE TABLE items (id int, v vector(2), h halfvec(2), a real[]);
INSERT INTO items VALUES (1, '[1,2]'::halfvec, '[3,4]'::vector, '[5,0.1]'::halfvec), (2, ARRAY[1,2], ARRAY[1.5,2], '[1,2]'::vector);
SELECT * FROM items ORDER BY id;
INSERT INTO items (h) VALUES ('[1,2,3]'::vector);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items (h) VALUES (ARRAY[1,2,3]);

-- halfvec to real[]
SELECT '[1,-2.5,0.1]'::halfvec::real[];
SELECT halfvec_to_float4('[1,2]', -1, false);
SELECT array_dims('[1,2,3]'::halfvec::real[]), ('[1,2,3]'::halfvec::real[])[2] AS second;
SELECT cardinality(array_fill(1, ARRAY[16000])::halfvec::real[]);

-- errors
SELECT '[65520]'::vector::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,-3.4e38]'::vector::halfvec;
SELECT ARRAY[65520]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT ARRAY[1e5]::real[]::halfvec;
SELECT ARRAY[-123456.789]::float8[]::halfvec;
SELECT ARRAY[65519.5, 65520]::numeric[]::halfvec;
SELECT ARRAY[1e39]::float8[]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT ARRAY[1e39]::numeric[]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '{NaN}'::real[]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '{NaN}'::numeric[]::halfvec;
SELECT '{Infinity}'::float8[]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '{}'::int[]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '{{1,2},{3,4}}'::real[]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '{1,NULL}'::int[]::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '{1,2,3}'::int[]::halfvec(2);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2,3]'::vector::halfvec(2);
SELECT '[1,2,3]'::halfvec::vector(2);
SELECT vector_dims(array_fill(1, ARRAY[16001])::halfvec);
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION array_to_halfvec(bigint[], int, bool) RETURNS halfvec
	AS '$libdir/vector' LANGUAGE C IMMUTABLE STRICT;
SELECT array_to_halfvec('{1}'::bigint[], -1, false);
\echo :LAST_ERROR_SQLSTATE
DROP FUNCTION array_to_halfvec(bigint[], int, bool);

DROP TABLE items;
