\set ECHO none
-- plan(statement): EXPLAIN in words that all versions of PostgreSQL use. For tests whose plans differ between them.
CREATE OR REPLACE FUNCTION plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
		CONTINUE WHEN line ~ '^ *Disabled: true$';
		RETURN NEXT replace(replace(line, ' (returns $0)', ''), '(InitPlan 1).col1', '$0');
	END LOOP;
END
$$;
\set ECHO all
