-- Values that no input function makes, as a damaged table may hold: every function refuses them before it reads them.
-- A superuser can make them with a cast from bytea. Header: dimensions, 0; the numbers are in the order of this machine.
BEGIN;
CREATE CAST (bytea AS vector) WITHOUT FUNCTION;
CREATE CAST (bytea AS halfvec) WITHOUT FUNCTION;
CREATE TABLE crafted (name text, of_vector bytea, of_halfvec bytea);
INSERT INTO crafted VALUES
  ('nothing', '', ''),
  ('half a header', '\x0100', '\x0100'),
  ('no dimension', '\x00000000', '\x00000000'),
  ('a negative number of dimensions', '\xffff0000' || '\x00000000'::bytea, '\xffff0000' || '\x0000'::bytea),
  ('the most negative', '\x00800000', '\x00800000'),
  ('more dimensions than there are', '\x03000000' || '\x0000000000000000'::bytea, '\x03000000' || '\x00000000'::bytea),
  ('as many as fit the type', '\xff7f0000' || '\x00000000'::bytea, '\xff7f0000' || '\x0000'::bytea),
  ('16000 of one', '\x803e0000' || '\x00000000'::bytea, '\x803e0000' || '\x0000'::bytea),
  ('16001 of 16001', '\x813e0000' || decode(repeat('00', 4 * 16001), 'hex'), '\x813e0000' || decode(repeat('00', 2 * 16001), 'hex')),
  ('part of the last', '\x02000000' || '\x00000000000000'::bytea, '\x02000000' || '\x000000'::bytea),
  ('fewer dimensions than there are', '\x01000000' || '\x0000000000000000'::bytea, '\x01000000' || '\x00000000'::bytea);

-- How each function of the extension ends with such a value in place of each of its vectors.
CREATE FUNCTION sane(type regtype) RETURNS text LANGUAGE sql AS $$
  SELECT CASE type WHEN 'vector'::regtype THEN '''[1,2]''::vector' WHEN 'halfvec'::regtype THEN '''[1,2]''::halfvec'
    WHEN 'boolean'::regtype THEN 'true' WHEN 'double precision[]'::regtype THEN '''{0}''::float8[]' ELSE '1' END
$$;
CREATE FUNCTION ends_in(function oid, place int, bad text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE arguments text;
BEGIN
  SELECT string_agg(CASE n WHEN place THEN bad ELSE sane(type) END, ', ' ORDER BY n) INTO arguments
  FROM pg_proc, unnest(proargtypes::oid[]) WITH ORDINALITY AS t (type, n) WHERE oid = function;
  EXECUTE format('SELECT %s(%s)', function::regproc, arguments);
  RETURN 'a result';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
SELECT name, type::regtype, ends_in(p.oid, n::int, format('(SELECT %s::%s FROM crafted WHERE name = %L)', 'of_' || type::regtype, type::regtype, name)) AS ends_in,
  count(*) > 20 AS of_many_functions
FROM pg_proc p
  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e'
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'vector'),
  unnest(proargtypes::oid[]) WITH ORDINALITY AS t (type, n), crafted
WHERE type IN ('vector'::regtype, 'halfvec'::regtype) AND prokind = 'f'
GROUP BY 1, 2, 3 ORDER BY 1, 2;

-- What gets at the values in other ways: index builds, inserts, scans, aggregates
CREATE FUNCTION ends_in(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'a result';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE VIEW bad AS SELECT of_vector::vector AS v, of_halfvec::halfvec AS h FROM crafted WHERE name = '16000 of one';
CREATE TABLE loose (v vector, h halfvec);
INSERT INTO loose TABLE bad;
CREATE TABLE fixed (v vector(1), h halfvec(1));
CREATE INDEX fixed_v ON fixed USING hnsw (v vector_l2_ops);
INSERT INTO fixed VALUES ('[1]', '[1]');
SET LOCAL enable_seqscan = off;
SELECT statement, ends_in(statement) FROM unnest(ARRAY[
  'SELECT v::text FROM loose',
  'COPY loose TO ''/dev/null''',
  'COPY loose TO ''/dev/null'' (FORMAT binary)',
  'CREATE INDEX ON loose USING hnsw ((v::vector(16000)::halfvec(2000)) halfvec_l2_ops)',
  'CREATE INDEX ON loose USING hnsw ((v::vector(1)) vector_l2_ops)',
  'CREATE INDEX ON loose USING hnsw ((h::halfvec(1)) halfvec_cosine_ops)',
  'CREATE INDEX ON loose USING hash (v)',
  'INSERT INTO fixed (v) SELECT v FROM loose',
  'INSERT INTO fixed (v) SELECT h FROM loose',
  'SELECT count(*) FROM (SELECT FROM fixed ORDER BY v <-> (SELECT v FROM loose)) t',
  'SELECT avg(v) FROM loose',
  'SELECT sum(v) FROM (SELECT v FROM loose UNION ALL SELECT v FROM fixed) t',
  'SELECT avg(h) FROM loose',
  'SELECT v FROM (TABLE loose UNION ALL TABLE fixed) t ORDER BY v',
  'SELECT h FROM (TABLE loose UNION ALL TABLE fixed) t GROUP BY h',
  'SELECT v::real[] FROM loose']) AS statement;

-- Arrays: number of dimensions, offset of the elements, element type, dimension, lower bound; the functions declared
-- with another type
CREATE FUNCTION array_to_vector(bytea, integer, boolean) RETURNS vector AS 'vector' LANGUAGE C;
CREATE FUNCTION vector_avg(bytea) RETURNS vector AS 'vector' LANGUAGE C;
CREATE FUNCTION vector_accum(bytea, vector) RETURNS text AS 'vector' LANGUAGE C;
CREATE FUNCTION vector_combine(bytea, bytea) RETURNS text AS 'vector' LANGUAGE C;
CREATE FUNCTION header(dimensions text, nulls text, type text, count text) RETURNS bytea LANGUAGE sql AS $$
  SELECT decode(dimensions || '000000' || nulls || '000000' || type || '0000' || count || '0000' || '01000000', 'hex') $$;
SELECT name, ends_in(format('SELECT array_to_vector(%L::bytea, -1, false)', header)) AS cast,
  ends_in(format('SELECT vector_avg(%L::bytea)', header)) AS avg,
  ends_in(format('SELECT vector_accum(%L::bytea, ''[1]'')', header)) AS accum,
  ends_in(format('SELECT vector_combine(%L::bytea, ''{0}'')', header)) AS combine
FROM (VALUES
  ('nothing', ''::bytea),
  ('half a header', '\x0100000000000000'),
  ('100 dimensions', header('64', '00', 'bd02', '0200')),
  ('float8[] without elements', header('01', '00', 'bd02', 'e803')),
  ('float4[] without elements', header('01', '00', 'bc02', 'e803')),
  ('int4[] without elements', header('01', '00', '1700', 'e803')),
  ('NULLs without a bitmap', header('01', '18', 'bd02', 'e803')),
  ('elements far away', header('01', 'ff', 'bd02', '0100'))) AS t (name, header);
ROLLBACK;
