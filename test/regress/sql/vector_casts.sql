-- Casts between vector and arrays.

-- which casts there are: a = on assignment, i = implicit
SELECT castsource::regtype AS source, casttarget::regtype AS target, castcontext AS context
FROM pg_cast WHERE 'vector'::regtype IN (castsource, casttarget)
ORDER BY castsource::regtype::text, casttarget::regtype::text;

-- arrays to vector
SELECT ARRAY[1,-2,2147483647]::vector;
SELECT ARRAY[1.5,-2.5]::real[]::vector;
SELECT ARRAY[1.5,0.1,1e-50]::float8[]::vector;
SELECT ARRAY[1.5,-0.1,123456789.123456789]::numeric[]::vector;
SELECT '[0:2]={1,2,3}'::int[]::vector AS other_lower_bound;
SELECT (ARRAY[1,NULL,3])[3:3]::vector AS slice_without_null;
SELECT ARRAY[1,2,3]::vector(3);
SELECT array_to_vector(ARRAY[1,2,3], -1, false);

-- assignment is enough to store an array
CREATE TABLE items (id serial, embedding vector(3));
INSERT INTO items (embedding) VALUES (ARRAY[1,2,3]), (ARRAY[1.5,2,3]), ('{4,5,6}'::real[]), ('{7,8,9}'::float8[]);
SELECT embedding FROM items ORDER BY id;
INSERT INTO items (embedding) VALUES (ARRAY[1,2]);
\echo :LAST_ERROR_SQLSTATE
-- but not to pass one for a vector
SELECT vector_norm(ARRAY[1,2]);
\echo :LAST_ERROR_SQLSTATE

-- vector to array
SELECT '[1,-2.5,0.1]'::vector::real[];
SELECT vector_to_float4('[1,2]', -1, false);
SELECT array_dims('[1,2,3]'::vector::real[]), ('[1,2,3]'::vector::real[])[2] AS second;
SELECT sum(x) FROM unnest('[1,2,3.5]'::vector::real[]) AS x;
CREATE FUNCTION second(real[]) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT $1[2]';
SELECT second('[1,2,3]'::vector) AS implicit;
DROP FUNCTION second;
SELECT ARRAY[1,2,3]::vector::real[]::vector = '[1,2,3]' AS round_trip;
SELECT cardinality(array_fill(1, ARRAY[16000])::vector::real[]);

-- errors
SELECT '{}'::real[]::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '{{1,2},{3,4}}'::int[]::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '{{1}}'::float8[]::vector;
SELECT '{1,NULL}'::int[]::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '{NULL}'::numeric[]::vector;
SELECT '{1,NaN}'::real[]::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '{NaN}'::float8[]::vector;
SELECT '{NaN}'::numeric[]::vector;
SELECT '{Infinity}'::real[]::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '{-Infinity}'::float8[]::vector;
SELECT '{Infinity}'::numeric[]::vector;
-- a float8 too large for an element becomes infinite
SELECT '{1e39}'::float8[]::vector;
\echo :LAST_ERROR_SQLSTATE
-- numeric elements are converted by PostgreSQL
SELECT '{1e39}'::numeric[]::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '{1,2,3}'::int[]::vector(2);
\echo :LAST_ERROR_SQLSTATE
SELECT vector_dims(array_fill(1, ARRAY[16001])::vector);
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION array_to_vector(bigint[], int, bool) RETURNS vector
	AS '$libdir/vector' LANGUAGE C IMMUTABLE STRICT;
SELECT array_to_vector('{1}'::bigint[], -1, false);
\echo :LAST_ERROR_SQLSTATE
DROP FUNCTION array_to_vector(bigint[], int, bool);

DROP TABLE items;
