-- Every message of the types with its SQLSTATE, of vector and halfvec: applications look at them.
-- (Errors as values, pg_input_is_valid and COPY ON_ERROR, exist from PostgreSQL 16 on.)

CREATE FUNCTION error_of(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE 'SELECT ' || expression;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ': ' || message || CASE WHEN detail <> '' THEN ' / ' || detail ELSE '' END;
END $$;

-- for states with the wrong elements
CREATE FUNCTION accum_of_real(real[], vector) RETURNS real[] AS '$libdir/vector', 'vector_accum' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION avg_of_int(int[]) RETURNS halfvec AS '$libdir/vector', 'halfvec_avg' LANGUAGE C IMMUTABLE STRICT;

\pset format unaligned
\pset tuples_only on
SELECT replace(expression, 'TYPE', type) || ' => ' || error_of(replace(expression, 'TYPE', type))
FROM unnest(ARRAY[
	-- text
	$$'x'::TYPE$$,
	$$'[1,2]x'::TYPE$$,
	$$'[1;2]'::TYPE$$,
	$$'[1,4e38]'::TYPE$$,
	$$'[nan]'::TYPE$$,
	$$'[1,-inf]'::TYPE$$,
	$$'[]'::TYPE$$,
	$$('[0' || repeat(',0', 16000) || ']')::TYPE$$,
	$$'[1,2]'::TYPE(3)$$,
	-- type modifiers
	$$'[1]'::TYPE(1,1)$$,
	$$'[1]'::TYPE(0)$$,
	$$'[1]'::TYPE(16001)$$,
	-- two values
	$$'[1,2]'::TYPE <-> '[1]'$$,
	$$'[1,2]'::TYPE <#> '[1]'$$,
	$$'[1,2]'::TYPE <=> '[1]'$$,
	$$'[1,2]'::TYPE <+> '[1]'$$,
	$$'[1,2]'::TYPE + '[1]'$$,
	$$array_fill(0, ARRAY[16000])::TYPE || '[1]'$$,
	$$subvector('[1]'::TYPE, 2, 1)$$,
	$$subvector('[1]'::TYPE, 1, -1)$$,
	-- arrays
	$$'{{1}}'::int[]::TYPE$$,
	$$'{1,NULL}'::real[]::TYPE$$,
	$$'{}'::float8[]::TYPE$$,
	$$'{NaN}'::float8[]::TYPE$$,
	$$'{Infinity}'::numeric[]::TYPE$$,
	$$'{1,2}'::int[]::TYPE(3)$$,
	$$array_fill(0, ARRAY[16001])::TYPE$$,
	-- aggregates
	$$avg(v) FROM (VALUES ('[1,2]'::TYPE), ('[1]')) t (v)$$,
	$$sum(v) FROM (VALUES ('[1,2]'::TYPE), ('[1]')) t (v)$$,
	$$TYPE_accum('{}', '[1]')$$,
	$$TYPE_accum('{NULL}', '[1]')$$,
	$$TYPE_accum('{{1,2}}', '[1]')$$,
	$$TYPE_accum('{1,2,3}', '[1]')$$,
	$$TYPE_accum('{1,Infinity}', '[1]')$$,
	$$TYPE_combine('{}', '{0}')$$,
	$$TYPE_combine('{0}', '{NULL,1}')$$,
	$$TYPE_combine('{1,2}', '{1,2,3}')$$,
	$$TYPE_combine('{1,1.7e308}', '{1,1.7e308}')$$,
	$$TYPE_combine(array_fill(1::float8, ARRAY[16002]), '{0}')$$,
	$$TYPE_avg('{}')$$,
	$$TYPE_avg('{1,NaN}')$$,
	$$TYPE_avg('{1,1e39}')$$,
	$$TYPE_avg('{1}')$$,
	$$TYPE_avg(array_fill(1::float8, ARRAY[16002]))$$
]) WITH ORDINALITY AS e (expression, n), unnest(ARRAY['vector', 'halfvec']) AS type
ORDER BY type DESC, n;

-- of one type only
SELECT expression || ' => ' || error_of(expression) FROM unnest(ARRAY[
	$$'[3e38]'::vector + '[3e38]'$$,
	$$'[3e38]'::vector - '[-3e38]'$$,
	$$'[3e38]'::vector * '[2]'$$,
	$$'[1e-30]'::vector * '[1e-30]'$$,
	$$sum(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]')) t (v)$$,
	$$'{1e39}'::numeric[]::vector$$,
	$$accum_of_real('{1,2}', '[1]')$$,
	$$'[65520]'::halfvec$$,
	$$'[65520]'::vector::halfvec$$,
	$$'{70000}'::int[]::halfvec$$,
	$$'[60000]'::halfvec + '[60000]'$$,
	$$'[-60000]'::halfvec - '[60000]'$$,
	$$'[60000]'::halfvec * '[2]'$$,
	$$'[0.0001]'::halfvec * '[0.0001]'$$,
	$$sum(v) FROM (VALUES ('[60000]'::halfvec), ('[60000]')) t (v)$$,
	$$halfvec_avg('{1,70000}'::float8[])$$,
	$$avg_of_int('{1}')$$
]) WITH ORDINALITY AS e (expression, n) ORDER BY n;

DROP FUNCTION error_of(text), accum_of_real(real[], vector), avg_of_int(int[]);
