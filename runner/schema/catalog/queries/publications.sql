-- Publications, without what they publish: each table and schema is a part of its own.
SELECT
    'pg_catalog.pg_publication'::pg_catalog.regclass::pg_catalog.oid AS catalog,
    p.oid,
    'publication' AS kind,
    NULL::text AS schema_name,
    pg_catalog.quote_ident(p.pubname) AS identity,
    'CREATE PUBLICATION ' || pg_catalog.quote_ident(p.pubname)
    || CASE WHEN p.puballtables THEN ' FOR ALL TABLES' ELSE '' END
    || coalesce(' WITH (' || nullif(pg_catalog.concat_ws(
        ', ',
        CASE WHEN NOT (p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate) THEN
            'publish = ''' || pg_catalog.concat_ws(
                ', ',
                CASE WHEN p.pubinsert THEN 'insert' END,
                CASE WHEN p.pubupdate THEN 'update' END,
                CASE WHEN p.pubdelete THEN 'delete' END,
                CASE WHEN p.pubtruncate THEN 'truncate' END
            ) || ''''
        END,
        CASE WHEN p.pubviaroot THEN 'publish_via_partition_root = true' END,
        CASE WHEN pg_catalog.to_jsonb(p) ->> 'pubgencols' = 's' THEN 'publish_generated_columns = stored' END
    ), '') || ')', '') AS sql,
    NULL::text[] AS options,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.pubowner)) AS owner,
    NULL::bigint[] AS within,
    NULL::bigint[] AS needs
FROM pg_catalog.pg_publication AS p
UNION ALL
-- PostgreSQL 14 has neither row filters nor column lists: there the names without an alias are those of `absent`.
SELECT
    'pg_catalog.pg_publication_rel'::pg_catalog.regclass,
    r.oid,
    'publication table',
    NULL,
    names.qualified || ' in ' || names.publication,
    'ALTER PUBLICATION ' || names.publication || ' ADD TABLE ONLY ' || names.qualified
    || coalesce(' (' || (
        SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = r.prrelid AND a.attnum = ANY (part.attributes::pg_catalog.int2[])
    ) || ')', '')
    || coalesce(' WHERE (' || pg_catalog.pg_get_expr(part.filter, r.prrelid) || ')', ''),
    NULL,
    NULL,
    ARRAY[
        ARRAY['pg_catalog.pg_publication'::pg_catalog.regclass::bigint, r.prpubid::bigint],
        ARRAY['pg_catalog.pg_class'::pg_catalog.regclass::bigint, r.prrelid::bigint]
    ],
    NULL
FROM pg_catalog.pg_publication_rel AS r
INNER JOIN pg_catalog.pg_publication AS p ON r.prpubid = p.oid
INNER JOIN pg_catalog.pg_class AS c ON r.prrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
CROSS JOIN (VALUES (NULL::pg_catalog.pg_node_tree, NULL::pg_catalog.int2vector)) AS absent (prqual, prattrs)
CROSS JOIN LATERAL (
    SELECT prqual AS filter, prattrs AS attributes FROM pg_catalog.pg_publication_rel AS own  -- noqa: RF02, RF03
    WHERE own.oid = r.oid
) AS part
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.quote_ident(p.pubname) AS publication,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS qualified
) AS names
UNION ALL
-- pg_publication_namespace (6237) is new in PostgreSQL 15, and its dependencies say what is in it.
SELECT
    of_publication.classid,
    of_publication.objid,
    'publication schema',
    NULL,
    pg_catalog.quote_ident(n.nspname) || ' in ' || pg_catalog.quote_ident(p.pubname),
    'ALTER PUBLICATION ' || pg_catalog.quote_ident(p.pubname) || ' ADD TABLES IN SCHEMA ' || pg_catalog.quote_ident(n.nspname),
    NULL,
    NULL,
    ARRAY[
        ARRAY[of_publication.refclassid::bigint, p.oid::bigint],
        ARRAY[of_schema.refclassid::bigint, n.oid::bigint]
    ],
    NULL
FROM pg_catalog.pg_depend AS of_publication
INNER JOIN pg_catalog.pg_depend AS of_schema
    ON of_publication.classid = of_schema.classid AND of_publication.objid = of_schema.objid
INNER JOIN pg_catalog.pg_publication AS p ON of_publication.refobjid = p.oid
INNER JOIN pg_catalog.pg_namespace AS n ON of_schema.refobjid = n.oid
WHERE
    of_publication.classid = 6237
    AND of_publication.refclassid = 'pg_catalog.pg_publication'::pg_catalog.regclass
    AND of_schema.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
