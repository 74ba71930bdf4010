-- Everything that the catalogs of a database say about the extension, in names instead of OIDs, one line a fact.
SET search_path = pg_catalog;

CREATE TEMP VIEW member AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'vector');

SELECT fact FROM (
	SELECT 'extension ' || (to_jsonb(e) - '{oid,extowner,extnamespace}'::text[])::text FROM pg_extension e WHERE extname = 'vector'
	UNION ALL SELECT format('%s: comment %s', name, obj_description(objid, classid::regclass::name)) FROM member
	UNION ALL SELECT format('%s: %s returns %s', name,
		to_jsonb(p) - '{oid,pronamespace,proowner,prolang,prorettype,proargtypes,proallargtypes,prosqlbody,proargdefaults}'::text[],
		pg_get_function_result(p.oid) || ' (' || pg_get_function_arguments(p.oid) || ') ' || (SELECT lanname FROM pg_language l WHERE l.oid = prolang))
	FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	UNION ALL SELECT format('%s: %s state %s', name, to_jsonb(a) - '{aggfnoid,aggtranstype,aggmtranstype,aggsortop}'::text[], aggtranstype::regtype)
	FROM member m JOIN pg_aggregate a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid
	UNION ALL SELECT format('%s: %s element %s', name,
		to_jsonb(t) - '{oid,typnamespace,typowner,typarray,typelem}'::text[], typelem::regtype)
	FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
	UNION ALL SELECT format('%s: %s %s %s %s', name,
		to_jsonb(o) - '{oid,oprnamespace,oprowner,oprleft,oprright,oprresult,oprcom,oprnegate}'::text[],
		oprcode::regprocedure, oprcom::regoperator, oprnegate::regoperator)
	FROM member m JOIN pg_operator o ON m.classid = 'pg_operator'::regclass AND o.oid = m.objid
	UNION ALL SELECT format('%s: default %s, type %s, key %s, of %s', name, opcdefault, opcintype::regtype, opckeytype::regtype,
		pg_describe_object('pg_opfamily'::regclass, opcfamily, 0))
	FROM member m JOIN pg_opclass o ON m.classid = 'pg_opclass'::regclass AND o.oid = m.objid
	UNION ALL SELECT format('%s: %s %s %s %s %s', name, amopstrategy, amoppurpose, amopopr::regoperator, amoplefttype::regtype,
		pg_describe_object('pg_opfamily'::regclass, nullif(amopsortfamily, 0), 0))
	FROM member m JOIN pg_amop o ON m.classid = 'pg_opfamily'::regclass AND o.amopfamily = m.objid
	UNION ALL SELECT format('%s: function %s %s %s', name, amprocnum, amproc::regprocedure, amproclefttype::regtype)
	FROM member m JOIN pg_amproc o ON m.classid = 'pg_opfamily'::regclass AND o.amprocfamily = m.objid
	UNION ALL SELECT format('%s: %s %s %s', name, castcontext, castmethod, castfunc::regprocedure)
	FROM member m JOIN pg_cast c ON m.classid = 'pg_cast'::regclass AND c.oid = m.objid
	UNION ALL SELECT format('%s: %s %s', name, amtype, amhandler::regprocedure)
	FROM member m JOIN pg_am a ON m.classid = 'pg_am'::regclass AND a.oid = m.objid
	UNION ALL SELECT format('%s depends on %s: %s', name, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), d.deptype)
	FROM member m JOIN pg_depend d USING (classid, objid)
) t (fact) ORDER BY fact COLLATE "C";
