-- Text search parsers, templates, dictionaries and configurations with their mappings.
SELECT
    'pg_catalog.pg_ts_parser'::pg_catalog.regclass::pg_catalog.oid AS catalog,
    p.oid,
    'text search parser' AS kind,
    n.nspname::text AS schema_name,
    names.qualified AS identity,
    'CREATE TEXT SEARCH PARSER ' || names.qualified || ' (START = ' || p.prsstart::text || ', GETTOKEN = ' || p.prstoken::text
    || ', END = ' || p.prsend::text || CASE WHEN p.prsheadline <> 0 THEN ', HEADLINE = ' || p.prsheadline::text ELSE '' END
    || ', LEXTYPES = ' || p.prslextype::text || ')' AS sql,
    NULL::text[] AS options,
    NULL::text AS owner,
    NULL::bigint[] AS within,
    NULL::bigint[] AS needs
FROM pg_catalog.pg_ts_parser AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.prsnamespace = n.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.prsname) AS qualified
) AS names
WHERE p.oid >= 16384
UNION ALL
SELECT
    'pg_catalog.pg_ts_template'::pg_catalog.regclass,
    t.oid,
    'text search template',
    n.nspname,
    names.qualified,
    'CREATE TEXT SEARCH TEMPLATE ' || names.qualified || ' ('
    || CASE WHEN t.tmplinit <> 0 THEN 'INIT = ' || t.tmplinit::text || ', ' ELSE '' END
    || 'LEXIZE = ' || t.tmpllexize::text || ')',
    NULL,
    NULL,
    NULL,
    NULL
FROM pg_catalog.pg_ts_template AS t
INNER JOIN pg_catalog.pg_namespace AS n ON t.tmplnamespace = n.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.tmplname) AS qualified
) AS names
WHERE t.oid >= 16384
UNION ALL
SELECT
    'pg_catalog.pg_ts_dict'::pg_catalog.regclass,
    d.oid,
    'text search dictionary',
    n.nspname,
    names.qualified,
    'CREATE TEXT SEARCH DICTIONARY ' || names.qualified || ' (TEMPLATE = '
    || pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.tmplname)
    || coalesce(', ' || d.dictinitoption, '') || ')',
    NULL,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.dictowner)),
    NULL,
    NULL
FROM pg_catalog.pg_ts_dict AS d
INNER JOIN pg_catalog.pg_namespace AS n ON d.dictnamespace = n.oid
INNER JOIN pg_catalog.pg_ts_template AS t ON d.dicttemplate = t.oid
INNER JOIN pg_catalog.pg_namespace AS tn ON t.tmplnamespace = tn.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(d.dictname) AS qualified
) AS names
WHERE d.oid >= 16384
UNION ALL
SELECT
    'pg_catalog.pg_ts_config'::pg_catalog.regclass,
    c.oid,
    'text search configuration',
    n.nspname,
    names.qualified,
    'CREATE TEXT SEARCH CONFIGURATION ' || names.qualified || ' (PARSER = '
    || pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.prsname) || ')'
    || coalesce((
        SELECT
            pg_catalog.string_agg(
                E';\nALTER TEXT SEARCH CONFIGURATION ' || names.qualified || ' ADD MAPPING FOR ' || mapped.token
                || ' WITH ' || mapped.dictionaries,
                '' ORDER BY mapped.token
            )
        FROM (
            SELECT
                pg_catalog.quote_ident(token.alias) AS token,
                pg_catalog.string_agg(m.mapdict::pg_catalog.regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries
            FROM pg_catalog.pg_ts_config_map AS m
            INNER JOIN pg_catalog.ts_token_type(c.cfgparser) AS token ON m.maptokentype = token.tokid
            WHERE m.mapcfg = c.oid
            GROUP BY token.alias
        ) AS mapped
    ), ''),
    NULL,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.cfgowner)),
    NULL,
    NULL
FROM pg_catalog.pg_ts_config AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.cfgnamespace = n.oid
INNER JOIN pg_catalog.pg_ts_parser AS p ON c.cfgparser = p.oid
INNER JOIN pg_catalog.pg_namespace AS pn ON p.prsnamespace = pn.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.cfgname) AS qualified
) AS names
WHERE c.oid >= 16384
