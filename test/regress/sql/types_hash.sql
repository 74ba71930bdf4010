-- Hashing of vector and halfvec: hash joins, grouping, hash indexes, hash partitions.

-- what is equal hashes equally
SELECT vector_hash('[0,1]') = vector_hash('[-0,1]') AS zeros, vector_hash('[1,2]') = vector_hash(ARRAY[1,2]::vector) AS same,
	vector_hash('[1,2]') <> vector_hash('[2,1]') AS order_matters, vector_hash('[0]') <> vector_hash('[0,0]') AS dimensions_matter,
	vector_hash_extended('[0]', 7) = vector_hash_extended('[-0]', 7) AS extended_zeros,
	vector_hash_extended('[1]', 1) <> vector_hash_extended('[1]', 2) AS seed_matters;
SELECT halfvec_hash('[0,1]') = halfvec_hash('[-0,1]') AS zeros, halfvec_hash('[2048]') = halfvec_hash('[2049]') AS rounded,
	halfvec_hash('[1,2]') <> halfvec_hash('[2,1]') AS order_matters,
	halfvec_hash_extended('[0]', 7) = halfvec_hash_extended('[-0]', 7) AS extended_zeros,
	halfvec_hash_extended('[1]', 1) <> halfvec_hash_extended('[1]', 2) AS seed_matters;
-- with seed 0 the low half is the plain hash; hashes are spread; long values count to their last element
SELECT bool_and(vector_hash(v) & 4294967295 = vector_hash_extended(v, 0) & 4294967295) AS low_half_v,
	bool_and(halfvec_hash(h) & 4294967295 = halfvec_hash_extended(h, 0) & 4294967295) AS low_half_h,
	count(DISTINCT vector_hash(v)) > 990 AS spread_v, count(DISTINCT halfvec_hash(h)) > 990 AS spread_h
FROM (SELECT ARRAY[n, 1.5]::vector AS v, ARRAY[n, 1.5]::halfvec AS h FROM generate_series(1, 1000) n) AS t;
SELECT count(DISTINCT vector_hash(v)) AS v, count(DISTINCT halfvec_hash(v)) AS h
FROM (SELECT (array_fill(1, ARRAY[1023]) || n)::vector AS v FROM generate_series(1, 10) n) AS t;

CREATE TABLE items (id int, v vector, h halfvec);
INSERT INTO items SELECT n, ARRAY[n % 10, n % 2]::vector, ARRAY[n % 10, n % 2]::halfvec FROM generate_series(1, 100) n;
INSERT INTO items VALUES (101, '[-0,0]', '[-0,0]'), (102, NULL, NULL), (103, NULL, NULL);
CREATE TABLE labels (v vector, h halfvec, label text);
INSERT INTO labels VALUES ('[3,1]', '[3,1]', 'three'), ('[0,-0]', '[0,-0]', 'zero'), ('[11,1]', '[11,1]', 'none'), (NULL, NULL, 'null');
ANALYZE items, labels;

-- grouping, without a sort
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT v, count(*) FROM items GROUP BY v;
EXPLAIN (COSTS OFF) SELECT DISTINCT h FROM items;
SELECT max(id), count(*) FROM items GROUP BY v ORDER BY max(id);
SELECT max(id), count(*) FROM items GROUP BY h ORDER BY max(id);
SELECT count(*) FROM (SELECT DISTINCT v FROM items) AS d;
SELECT count(*) FROM (SELECT v FROM items EXCEPT SELECT v FROM labels) AS d;
SELECT count(*) FROM (SELECT h FROM items INTERSECT SELECT h FROM labels) AS d;
RESET enable_sort;

-- joins
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT label, count(*) FROM items JOIN labels USING (v) GROUP BY label;
SELECT label, count(*), min(id), max(id) FROM items JOIN labels USING (v) GROUP BY label ORDER BY label;
SELECT count(*) FROM items WHERE h NOT IN (SELECT h FROM labels WHERE h IS NOT NULL);
SELECT label, count(id) FROM items RIGHT JOIN labels USING (h) GROUP BY label ORDER BY label;
SELECT count(*) FROM items WHERE v = ANY (SELECT v FROM labels);
RESET enable_mergejoin;
RESET enable_nestloop;

-- indexes
CREATE INDEX items_v ON items USING hash (v);
CREATE INDEX items_h ON items USING hash (h);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM items WHERE v = '[3,1]';
SELECT count(*) FROM items WHERE v = '[3,1]';
SELECT count(*) FROM items WHERE v = '[0,0]';
SELECT count(*) FROM items WHERE h = '[0,0]';
SELECT count(*) FROM items WHERE h = '[77,1]';
RESET enable_seqscan;
RESET enable_bitmapscan;
SELECT amvalidate(o.oid) AS valid, opcname, amname, opcdefault FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod
WHERE opcintype IN ('vector'::regtype, 'halfvec'::regtype) AND amname IN ('btree', 'hash') ORDER BY opcname, amname;

-- partitions (these need the extended hash)
CREATE TABLE parted (v vector, h halfvec) PARTITION BY HASH (v, h);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT v, h FROM items;
SELECT count(*), count(DISTINCT tableoid) FROM parted;
SELECT count(DISTINCT tableoid) FROM parted WHERE v = '[0,0]';

DROP TABLE items, labels, parted;
