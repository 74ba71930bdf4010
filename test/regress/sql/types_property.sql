-- vector and halfvec against PostgreSQL's own arithmetic on arrays, on random numbers with a fixed seed.
-- Integers must come out exactly; for the others the error of single precision is bounded:
-- a sum of n products that is rounded to 24 bits at each step is off by at most about
-- (n + 2) * 2^-24 * (sum of the magnitudes), whatever the order of summation.

SELECT setseed(0.25);
CREATE TABLE samples AS
SELECT n, dim, kind, array_agg(a) AS a, array_agg(b) AS b
FROM (SELECT n, dim, kind, i,
		CASE kind WHEN 'integers' THEN floor(random() * 41 - 20) WHEN 'normal' THEN random() * 2 - 1 ELSE (random() - 0.5) * 10 ^ (random() * 4 - 2) END AS a,
		CASE kind WHEN 'integers' THEN floor(random() * 41 - 20) WHEN 'normal' THEN random() * 2 - 1 ELSE (random() - 0.5) * 10 ^ (random() * 4 - 2) END AS b
	FROM (SELECT n, 1 + floor(random() * 150)::int AS dim, (ARRAY['integers', 'normal', 'wide'])[1 + n % 3] AS kind FROM generate_series(1, 240) n) AS sizes,
		generate_series(1, dim) i) AS elements
GROUP BY n, dim, kind;

-- what each type makes of them: rounded once, so that the reference works on the same numbers
CREATE VIEW rounded AS
SELECT n, dim, kind, 'vector' AS type, a::vector::real[] AS a, b::vector::real[] AS b FROM samples
UNION ALL SELECT n, dim, kind, 'halfvec', a::halfvec::real[], b::halfvec::real[] FROM samples;

-- rounding itself: relative error at most 2^-24 and 2^-11, or half the smallest number
SELECT type, count(*), bool_and(abs(x - y) <= greatest(abs(x) * CASE type WHEN 'vector' THEN 2.0 ^ -24 ELSE 2.0 ^ -11 END, 2.0 ^ -25)) AS near
FROM rounded r JOIN samples s USING (n), unnest(s.a, r.a) AS e (x, y) GROUP BY type ORDER BY type;

-- the reference, in float8
CREATE TABLE reference AS
SELECT n, dim, kind, type, a, b, sums.* FROM rounded, LATERAL (
	SELECT sum((x - y) ^ 2) AS l2_squared, sum(x * y) AS ip, sum(abs(x * y)) AS ip_magnitude, sum(abs(x - y)) AS l1,
		sum(x * x) AS aa, sum(y * y) AS bb
	FROM (SELECT x::float8, y::float8 FROM unnest(a, b) AS e (x, y)) AS elements) AS sums;

CREATE FUNCTION near(value float8, expected float8, magnitude float8, dim int, kind text) RETURNS bool LANGUAGE sql IMMUTABLE AS
$$SELECT CASE kind WHEN 'integers' THEN value = expected ELSE abs(value - expected) <= (dim + 2) * 2.0 ^ -24 * magnitude END$$;
CREATE VIEW results AS
SELECT r.*, a::vector <-> b::vector AS l2d, vector_l2_squared_distance(a::vector, b::vector) AS l2sqd, a::vector <#> b::vector AS ipd,
	a::vector <=> b::vector AS cosd, a::vector <+> b::vector AS l1d, vector_norm(a::vector) AS norm
FROM reference r WHERE type = 'vector'
UNION ALL
SELECT r.*, a::halfvec <-> b::halfvec, halfvec_l2_squared_distance(a::halfvec, b::halfvec), a::halfvec <#> b::halfvec,
	a::halfvec <=> b::halfvec, a::halfvec <+> b::halfvec, l2_norm(a::halfvec)
FROM reference r WHERE type = 'halfvec';
SELECT type, kind, count(*),
	count(*) FILTER (WHERE NOT near(l2sqd, l2_squared, l2_squared, dim, kind)) AS l2_squared_wrong,
	count(*) FILTER (WHERE l2d <> sqrt(l2sqd)) AS l2_wrong,
	count(*) FILTER (WHERE NOT near(-ipd, ip, ip_magnitude, dim, kind)) AS ip_wrong,
	count(*) FILTER (WHERE NOT near(l1d, l1, l1, dim, kind)) AS l1_wrong,
	-- the norm is summed in double precision
	count(*) FILTER (WHERE abs(norm - sqrt(aa)) > 1e-12 * sqrt(aa)) AS norm_wrong,
	-- each of the three sums contributes; the cosine of a zero vector is not a number
	count(*) FILTER (WHERE CASE WHEN aa * bb = 0 THEN cosd <> 'NaN'
		ELSE abs(cosd - (1 - ip / sqrt(aa * bb))) > 2 * (dim + 2) * 2.0 ^ -24 END) AS cosine_wrong
FROM results GROUP BY type, kind ORDER BY type, kind;

-- element by element: float8 holds sums and products of two floats without a second rounding that matters
-- (a product of two floats exactly), so rounding its result must give the very same element; products too
-- small for a half are an error, not zero
SELECT type, kind, count(*),
	count(*) FILTER (WHERE type = 'vector' AND (a::vector + b::vector)::real[] <> s OR type = 'halfvec' AND (a::halfvec + b::halfvec)::real[] <> s) AS sum_wrong,
	count(*) FILTER (WHERE type = 'vector' AND (a::vector - b::vector)::real[] <> d OR type = 'halfvec' AND (a::halfvec - b::halfvec)::real[] <> d) AS difference_wrong,
	count(*) FILTER (WHERE CASE WHEN type = 'vector' THEN (a::vector * b::vector)::real[] <> p WHEN smallest > 2.0 ^ -25 THEN (a::halfvec * b::halfvec)::real[] <> p END) AS product_wrong,
	count(*) FILTER (WHERE smallest > 2.0 ^ -25) > 30 AS enough_products
FROM reference, LATERAL (
	SELECT CASE type WHEN 'vector' THEN array_agg(x + y)::vector::real[] ELSE array_agg(x + y)::halfvec::real[] END AS s,
		CASE type WHEN 'vector' THEN array_agg(x - y)::vector::real[] ELSE array_agg(x - y)::halfvec::real[] END AS d,
		CASE type WHEN 'vector' THEN array_agg(x * y)::vector::real[] ELSE array_agg(x * y)::halfvec::real[] END AS p,
		coalesce(min(abs(x * y)) FILTER (WHERE x * y <> 0), 1) AS smallest
	FROM (SELECT x::float8, y::float8 FROM unnest(a, b) AS e (x, y)) AS elements) AS expected
GROUP BY type, kind ORDER BY type, kind;

-- laws
SELECT count(*) AS pairs,
	bool_and(a::vector <-> b::vector = b::vector <-> a::vector AND a::halfvec <#> b::halfvec = b::halfvec <#> a::halfvec) AS symmetric,
	bool_and(a::vector <-> a::vector = 0 AND a::halfvec <+> a::halfvec = 0) AS zero_to_itself,
	bool_and((a::vector < b::vector) = (a < b) AND (a::halfvec >= b::halfvec) = (a >= b)) AS ordered_like_arrays,
	bool_and((a::vector || b::vector)::real[] = a || b AND subvector(a::halfvec || b::halfvec, dim + 1, dim)::real[] = b) AS parts,
	bool_and(length(binary_quantize(a::vector)) = dim AND bit_count(binary_quantize(a::halfvec)) = (SELECT count(*) FROM unnest(a) x WHERE x > 0)) AS bits,
	bool_and(aa = 0 OR abs(vector_norm(l2_normalize(a::vector)) - 1) < 1e-6 AND abs(l2_norm(l2_normalize(a::halfvec)) - 1) < 2.0 ^ -10) AS unit_length,
	bool_and(a::vector::text::vector = a::vector AND a::halfvec::text::halfvec = a::halfvec) AS text_round_trip,
	bool_and(a::vector::text = replace(replace(a::text, '{', '['), '}', ']')) AS text_like_arrays
FROM reference WHERE type = 'halfvec';

-- avg against avg() of the elements, sum of integers exactly
SELECT bool_and(abs(x - y) < 1e-6) AS avg FROM
	unnest((SELECT avg(a[1:1]::vector || b[1:1]::vector)::real[] FROM reference WHERE type = 'vector'),
		(SELECT ARRAY[avg(a[1]::float8), avg(b[1]::float8)] FROM reference WHERE type = 'vector')) AS e (x, y);
SELECT (SELECT sum(a[1:1]::vector)::real[] FROM reference WHERE kind = 'integers' AND type = 'vector') = ARRAY[(SELECT sum(a[1]) FROM reference WHERE kind = 'integers' AND type = 'vector')] AS sum,
	(SELECT sum(a[1:1]::halfvec)::real[] FROM reference WHERE kind = 'integers' AND type = 'halfvec') = ARRAY[(SELECT sum(a[1]) FROM reference WHERE kind = 'integers' AND type = 'halfvec')] AS half_sum;

DROP VIEW results;
DROP FUNCTION near(float8, float8, float8, int, text);
DROP TABLE reference;
DROP VIEW rounded;
DROP TABLE samples;
