-- The type vector: text format, type modifier, binary output, storage.

-- text in, text out
SELECT '[1,2,3]'::vector;
SELECT '[-1.5,0,+2]'::vector;
SELECT E' \t\n\r\x0b\f[ \t\n\r\x0b\f1 \t\n\r\x0b\f, \t\n\r\x0b\f2 \t\n\r\x0b\f] \t\n\r\x0b\f'::vector AS any_space;
SELECT '[.5,5.,007,1e3,1E-2,2.5e+1]'::vector AS notations;
SELECT '[0x10,-0x.8,0x1p-3]'::vector AS hexadecimal;
SELECT '[-0,0,-0.0e9]'::vector AS signed_zeros;

-- output is the shortest decimal that reads back as the same number
SELECT '[0.1,0.333333333333,16777217,123456789,1e20,1e-5]'::vector AS shortest;
SELECT '[3.4028235e38,-3.4028235e38,1.1754944e-38,1e-45]'::vector AS extremes;
SELECT '[1e-46,-1e-46,7e-46,8e-46]'::vector AS underflow;
-- exactly between two floats: to the even one, and away from it as soon as a distant digit says so
SELECT '[16777217,16777219,16777217.00000000000000000001,16777218.99999999999999999999]'::vector AS halfway;
SELECT '[0.1000000000000000055511151231257827021181583404541015625]'::vector AS many_digits;

-- syntax errors
SELECT ''::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '1,2,3'::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '{1,2,3}'::vector;
SELECT '['::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '[1'::vector;
SELECT '[1,'::vector;
SELECT '[,1]'::vector;
SELECT '[1,]'::vector;
SELECT '[1,,2]'::vector;
SELECT '[1 2]'::vector;
SELECT '[one]'::vector;
SELECT '[1x]'::vector;
SELECT '[1e]'::vector;
SELECT '[0x]'::vector;
SELECT '[--1]'::vector;
SELECT '[[1]]'::vector;
SELECT '[1,2]3'::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2]]'::vector;

-- values that are not allowed
SELECT '[1,NaN]'::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '[-nan]'::vector;
SELECT '[1,Infinity]'::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '[-inf]'::vector;
SELECT '[1,4e38]'::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '[ -3.41e38 , 1]'::vector;
SELECT '[1e400]'::vector;

-- dimensions
SELECT '[]'::vector;
\echo :LAST_ERROR_SQLSTATE
SELECT '[ ]'::vector;
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::vector);
SELECT vector_dims(('[' || repeat('1,', 16000) || '1]')::vector);
\echo :LAST_ERROR_SQLSTATE

-- type modifier
SELECT '[1,2,3]'::vector(3);
SELECT '[1,2,3]'::vector(2);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2,3]'::vector::vector(4);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::vector(0);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::vector(-1);
SELECT '[1]'::vector(16001);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::vector(3, 3);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::vector('three');
\echo :LAST_ERROR_SQLSTATE

CREATE TABLE items (id int, embedding vector(3), free vector, several vector(2)[]);
SELECT attname, format_type(atttypid, atttypmod) AS type, attstorage
FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO items VALUES (1, '[1,2,3]', '[1]', '{"[1,2]","[3,4]"}'), (2, NULL, '[1,2]', '{}');
INSERT INTO items (embedding) VALUES ('[1,2]');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items (embedding) SELECT free FROM items;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items (several) VALUES ('{"[1,2]","[1,2,3]"}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM items ORDER BY id;
ALTER TABLE items ALTER COLUMN embedding TYPE vector(4);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE items ALTER COLUMN embedding TYPE vector;
SELECT embedding, several[2] FROM items WHERE id = 1;

-- COPY in text format
COPY items (id, embedding) FROM stdin;
3	[7,8,9]
4	\N
\.
COPY items (id, embedding) FROM stdin;
5	[7,8
\.
COPY (SELECT id, embedding FROM items ORDER BY id) TO stdout;

-- binary output: dimensions, 0, elements; in network byte order
SELECT vector_send('[1,2.5,-3]');
SELECT vector_send('[-0,1e-45,3.4028235e38]');
SELECT length(vector_send(('[' || repeat('1,', 15999) || '1]')::vector));

-- stored out of line, never compressed; short ones with a short header
CREATE TABLE large (id int, embedding vector);
INSERT INTO large SELECT n, array_fill(n, ARRAY[dims])::vector
FROM (VALUES (1, 16000), (2, 400), (3, 29), (4, 1)) AS v (n, dims);
SELECT id, vector_dims(embedding), pg_column_size(embedding), round(vector_norm(embedding) ^ 2) AS sum_of_squares
FROM large ORDER BY id;
SELECT id, embedding = ('[' || repeat(id || ',', vector_dims(embedding) - 1) || id || ']')::vector AS intact
FROM large ORDER BY id;

-- NULL in, NULL out
SELECT vector_dims(NULL::vector), vector_norm(NULL), NULL::vector IS NULL AS is_null;

-- a datum whose size does not fit its dimensions is noticed
CREATE CAST (bytea AS vector) WITHOUT FUNCTION;
SELECT vector_dims('\x'::bytea::vector);
\echo :LAST_ERROR_SQLSTATE
SELECT vector_dims('\x00'::bytea::vector);
SELECT '\x00000000'::bytea::vector;
SELECT vector_norm('\x0101000000000000'::bytea::vector);
SELECT vector_send('\xffff00000000803f'::bytea::vector);
\echo :LAST_ERROR_SQLSTATE
DROP CAST (bytea AS vector);

DROP TABLE items, large;

-- all functions but those of the access method may run anywhere in a plan, and every object says what it is
-- (array types come by themselves)
SELECT p.oid::regprocedure AS not_immutable_strict_parallel_safe
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'vector'
WHERE NOT (provolatile = 'i' AND (proisstrict OR prokind = 'a') AND proparallel = 's') ORDER BY 1;
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'vector'
WHERE d.deptype = 'e' AND obj_description(d.objid, d.classid::regclass::name) IS NULL
	AND pg_describe_object(d.classid, d.objid, 0) NOT LIKE 'type %[]'
ORDER BY 1;
