-- The type halfvec: text format, rounding, type modifier, binary output, storage.

-- text in, text out
SELECT '[1,2,3]'::halfvec;
SELECT E' [ 1 ,\t-2.5\n, .5 ] '::halfvec AS any_space;
SELECT '[5.,007,1e3,1E-2,0x10,-0x.8]'::halfvec AS notations;
SELECT '[-0,0]'::halfvec AS signed_zeros;

-- output is the shortest decimal that reads back as the same float
SELECT '[0.1,0.2,0.333333333,3.14159265,1000.5]'::halfvec AS rounded;
SELECT '[65504,-65504,6.1035156e-05,5.9604645e-08]'::halfvec AS extremes;
-- to nearest, halfway to even: between 2048 and 4096 every second integer is a half
SELECT '[2047,2048,2049,2050,2051,2052,2053]'::halfvec AS integers;
SELECT '[2049.001,2048.999,-2049,-2051]'::halfvec AS beside_halfway;
-- 2^-25 is halfway between 0 and the smallest half; smaller numbers become 0
SELECT '[2.9802322e-08,2.9802326e-08,-2.9802322e-08,8.9406967e-08,1e-10,-1e-50]'::halfvec AS underflow;
-- the largest: 65520 is halfway to what would be the next one
SELECT '[65519,65519.99,-65519]'::halfvec AS largest;
SELECT '[65520]'::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,-65520.0]'::halfvec;
SELECT '[ 1 , 7e4 ]'::halfvec;
SELECT '[0x10000,1]'::halfvec;
SELECT '[1,4e38]'::halfvec;
SELECT '[1e400]'::halfvec;
-- all 63488 finite halves read back as themselves
SELECT count(*), bool_and(halfvec_send(h::text::halfvec) = halfvec_send(h)) AS same_bits
FROM (SELECT ARRAY[CASE WHEN e = 0 THEN f * 2.0 ^ -24 ELSE (1024 + f) * 2.0 ^ (e - 25) END * s]::halfvec AS h
	FROM generate_series(0, 30) e, generate_series(0, 1023) f, (VALUES (1), (-1)) v (s)) AS halves;

-- of several errors the first counts
SELECT '[70000,x]'::halfvec;
SELECT '[70000x]'::halfvec;
SELECT '[x,70000]'::halfvec;
SELECT '[1,NaN,70000]'::halfvec;
SELECT '[70000]'::halfvec(2);

-- syntax errors, values that are not allowed
SELECT ''::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '1,2'::halfvec;
SELECT '[1'::halfvec;
SELECT '[1,]'::halfvec;
SELECT '[1,,2]'::halfvec;
SELECT '[1 2]'::halfvec;
SELECT '[1]2'::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '[NaN]'::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT '[-Infinity]'::halfvec;
\echo :LAST_ERROR_SQLSTATE

-- dimensions and type modifier
SELECT '[]'::halfvec;
\echo :LAST_ERROR_SQLSTATE
SELECT vector_dims(('[' || repeat('1,', 15999) || '1]')::halfvec);
SELECT vector_dims(('[' || repeat('1,', 16000) || '1]')::halfvec);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2,3]'::halfvec(3);
SELECT '[1,2,3]'::halfvec(2);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1,2,3]'::halfvec::halfvec(4);
SELECT '[1]'::halfvec(0);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::halfvec(16001);
\echo :LAST_ERROR_SQLSTATE
SELECT '[1]'::halfvec(3, 3);
\echo :LAST_ERROR_SQLSTATE

-- columns and arrays
CREATE TABLE items (id int, embedding halfvec(3), free halfvec, several halfvec(2)[]);
SELECT attname, format_type(atttypid, atttypmod) AS type, attstorage, attalign
FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 ORDER BY attnum;
INSERT INTO items VALUES (1, '[1,2,3]', '[1]', '{"[1,2]","[3,4]"}'), (2, NULL, '[1,2]', '{}');
INSERT INTO items (embedding) VALUES ('[1,2]');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO items (several) VALUES ('{"[1,2]","[1,2,3]"}');
COPY items (id, embedding) FROM stdin;
3	[7,8,9.1]
4	\N
\.
COPY items (id, embedding) FROM stdin;
5	[7,8,1e9]
\.
COPY (SELECT id, embedding, several FROM items ORDER BY id) TO stdout;
ALTER TABLE items ALTER COLUMN embedding TYPE vector(3);
SELECT embedding FROM items WHERE id = 3;
ALTER TABLE items ALTER COLUMN embedding TYPE halfvec(3);
SELECT embedding FROM items WHERE id = 3;

-- binary output: dimensions, 0, elements; in network byte order
SELECT halfvec_send('[1,2.5,-3]');
SELECT halfvec_send('[-0,5.9604645e-08,65504]');
SELECT length(halfvec_send(array_fill(1, ARRAY[16000])::halfvec));

-- stored out of line, never compressed; short ones with a short header
CREATE TABLE large (id int, embedding halfvec);
INSERT INTO large SELECT n, array_fill(n, ARRAY[dims])::halfvec
FROM (VALUES (1, 16000), (2, 900), (3, 29), (4, 1)) AS v (n, dims);
SELECT id, vector_dims(embedding), pg_column_size(embedding), round(l2_norm(embedding) ^ 2) AS sum_of_squares
FROM large ORDER BY id;
SELECT id, embedding = ('[' || repeat(id || ',', vector_dims(embedding) - 1) || id || ']')::halfvec AS intact
FROM large ORDER BY id;

-- NULL in, NULL out
SELECT vector_dims(NULL::halfvec), l2_norm(NULL), NULL::halfvec IS NULL AS is_null;

-- a datum whose size does not fit its dimensions is noticed
CREATE CAST (bytea AS halfvec) WITHOUT FUNCTION;
SELECT vector_dims('\x'::bytea::halfvec);
\echo :LAST_ERROR_SQLSTATE
SELECT '\x00000000'::bytea::halfvec;
SELECT l2_norm('\x02000000003c'::bytea::halfvec);
DROP CAST (bytea AS halfvec);

DROP TABLE items, large;
