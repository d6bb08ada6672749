-- What CREATE AGGREGATE needs beside the signature; a NULL option is left out.
SELECT
    a.aggfnoid::pg_catalog.oid AS oid,
    ARRAY[
        ARRAY['SFUNC', a.aggtransfn::pg_catalog.text],
        ARRAY['STYPE', pg_catalog.format_type(a.aggtranstype, NULL)],
        ARRAY['SSPACE', nullif(a.aggtransspace, 0)::pg_catalog.text],
        ARRAY['FINALFUNC', CASE WHEN a.aggfinalfn <> 0 THEN a.aggfinalfn::pg_catalog.text END],
        ARRAY['FINALFUNC_EXTRA', CASE WHEN a.aggfinalextra THEN '' END],
        ARRAY['FINALFUNC_MODIFY', CASE
            WHEN a.aggfinalmodify = CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END THEN NULL
            WHEN a.aggfinalmodify = 'r' THEN 'READ_ONLY'
            WHEN a.aggfinalmodify = 's' THEN 'SHAREABLE'
            ELSE 'READ_WRITE'
        END],
        ARRAY['COMBINEFUNC', CASE WHEN a.aggcombinefn <> 0 THEN a.aggcombinefn::pg_catalog.text END],
        ARRAY['SERIALFUNC', CASE WHEN a.aggserialfn <> 0 THEN a.aggserialfn::pg_catalog.text END],
        ARRAY['DESERIALFUNC', CASE WHEN a.aggdeserialfn <> 0 THEN a.aggdeserialfn::pg_catalog.text END],
        ARRAY['INITCOND', pg_catalog.quote_literal(a.agginitval)],
        ARRAY['MSFUNC', CASE WHEN a.aggmtransfn <> 0 THEN a.aggmtransfn::pg_catalog.text END],
        ARRAY['MINVFUNC', CASE WHEN a.aggminvtransfn <> 0 THEN a.aggminvtransfn::pg_catalog.text END],
        ARRAY['MSTYPE', CASE WHEN a.aggmtranstype <> 0 THEN pg_catalog.format_type(a.aggmtranstype, NULL) END],
        ARRAY['MSSPACE', nullif(a.aggmtransspace, 0)::pg_catalog.text],
        ARRAY['MFINALFUNC', CASE WHEN a.aggmfinalfn <> 0 THEN a.aggmfinalfn::pg_catalog.text END],
        ARRAY['MFINALFUNC_EXTRA', CASE WHEN a.aggmfinalextra THEN '' END],
        ARRAY['MFINALFUNC_MODIFY', CASE
            WHEN a.aggmtransfn = 0 OR a.aggmfinalmodify = CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END THEN NULL
            WHEN a.aggmfinalmodify = 'r' THEN 'READ_ONLY'
            WHEN a.aggmfinalmodify = 's' THEN 'SHAREABLE'
            ELSE 'READ_WRITE'
        END],
        ARRAY['MINITCOND', pg_catalog.quote_literal(a.aggminitval)],
        ARRAY['SORTOP', CASE WHEN a.aggsortop <> 0 THEN (
            SELECT 'OPERATOR(' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ')'
            FROM pg_catalog.pg_operator AS o
            INNER JOIN pg_catalog.pg_namespace AS n ON o.oprnamespace = n.oid
            WHERE o.oid = a.aggsortop
        ) END],
        ARRAY['PARALLEL', CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END],
        ARRAY['HYPOTHETICAL', CASE WHEN a.aggkind = 'h' THEN '' END]
    ] AS options
FROM pg_catalog.pg_aggregate AS a
INNER JOIN pg_catalog.pg_proc AS p ON a.aggfnoid = p.oid
WHERE p.oid >= 16384;
