-- What the catalog does not describe, so that nobody takes silence for sameness; `sql` is what is known of it, to be
-- compared with itself later. What is usual needs no mention. Nothing of the whole server: others change that meanwhile.
-- Members of extensions come with them, and a range brings its own casts. Of a secret there is a digest, salted with what
-- nobody else knows, so that nobody can try passwords; of what comes with the server or an extension there is one too, for
-- PostgreSQL does not keep how it came, and thousands of rows would be compared with themselves.
WITH others AS (
    SELECT
        'base type' AS kind,
        n.nspname,
        t.typname::text AS name,
        t.oid,
        'pg_catalog.pg_type'::pg_catalog.regclass AS classid,
        pg_catalog.concat_ws(
            ' ', 'INPUT', t.typinput::text, 'OUTPUT', t.typoutput::text, t.typreceive::text, t.typsend::text, t.typmodin::text,
            t.typmodout::text, t.typanalyze::text, t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory, t.typispreferred,
            t.typdelim, t.typdefault, 'OWNER', pg_catalog.pg_get_userbyid(t.typowner)
        ) AS sql
    FROM pg_catalog.pg_type AS t
    INNER JOIN pg_catalog.pg_namespace AS n ON t.typnamespace = n.oid
    WHERE t.typtype IN ('b', 'p') AND NOT (t.typelem <> 0 AND t.typlen = -1)
    UNION ALL
    SELECT
        'conversion',
        n.nspname,
        c.conname,
        c.oid,
        'pg_catalog.pg_conversion'::pg_catalog.regclass,
        pg_catalog.pg_encoding_to_char(c.conforencoding)::text || ' TO ' || pg_catalog.pg_encoding_to_char(c.contoencoding)::text
        || ' FROM ' || c.conproc::text || CASE WHEN c.condefault THEN ' DEFAULT' ELSE '' END
        || ' OWNER ' || pg_catalog.pg_get_userbyid(c.conowner)::text
    FROM pg_catalog.pg_conversion AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.connamespace = n.oid
    UNION ALL
    SELECT
        'language',
        NULL,
        l.lanname,
        l.oid,
        'pg_catalog.pg_language'::pg_catalog.regclass,
        pg_catalog.concat_ws(
            ' ', 'HANDLER', l.lanplcallfoid::pg_catalog.regproc, 'INLINE', l.laninline::pg_catalog.regproc,
            'VALIDATOR', l.lanvalidator::pg_catalog.regproc, CASE WHEN l.lanpltrusted THEN 'TRUSTED' END,
            'OWNER', pg_catalog.pg_get_userbyid(l.lanowner)
        )
    FROM pg_catalog.pg_language AS l
    UNION ALL
    SELECT 'access method', NULL, a.amname, a.oid, 'pg_catalog.pg_am'::pg_catalog.regclass, 'HANDLER ' || a.amhandler::text
    FROM pg_catalog.pg_am AS a
    UNION ALL
    SELECT
        'transform',
        NULL,
        'for ' || pg_catalog.format_type(t.trftype, NULL) || ' language ' || l.lanname,
        t.oid,
        'pg_catalog.pg_transform'::pg_catalog.regclass,
        t.trffromsql::text || ', ' || t.trftosql::text
    FROM pg_catalog.pg_transform AS t
    INNER JOIN pg_catalog.pg_language AS l ON t.trflang = l.oid
    UNION ALL
    SELECT
        'subscription',
        NULL,
        s.subname,
        s.oid,
        'pg_catalog.pg_subscription'::pg_catalog.regclass,
        -- every column that this server has but the connection, which only a superuser may read
        pg_catalog.query_to_xml(
            (
                SELECT
                    pg_catalog.format(
                        'SELECT %s, pg_catalog.obj_description(oid, ''pg_subscription'') FROM pg_catalog.pg_subscription WHERE oid = %s',
                        pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum), s.oid
                    )
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = 'pg_catalog.pg_subscription'::pg_catalog.regclass
                    AND a.attnum > 0
                    AND a.attname <> ALL (ARRAY['oid', 'subdbid', 'subconninfo', 'subskiplsn'])
            ), FALSE, TRUE, ''
        )::text
    FROM pg_catalog.pg_subscription AS s
    INNER JOIN pg_catalog.pg_database AS d ON s.subdbid = d.oid
    WHERE d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT
        'options of user mapping',
        NULL,
        'for ' || coalesce(u.usename, 'PUBLIC') || ' server ' || u.srvname,
        u.umid,
        'pg_catalog.pg_user_mapping'::pg_catalog.regclass,
        pg_catalog.md5(pg_catalog.pg_postmaster_start_time()::text || u.umoptions::text)
    FROM pg_catalog.pg_user_mappings AS u
    -- a superuser sees all options, and so where there are none
    WHERE u.umoptions IS NOT NULL OR pg_catalog.current_setting('is_superuser') <> 'on'
),

given AS (
    SELECT 'server' AS kind, pg_catalog.quote_ident(s.srvname) AS name, s.srvoptions AS options
    FROM pg_catalog.pg_foreign_server AS s
    UNION ALL
    SELECT 'foreign data wrapper', pg_catalog.quote_ident(w.fdwname), w.fdwoptions
    FROM pg_catalog.pg_foreign_data_wrapper AS w
    UNION ALL
    SELECT 'foreign table', t.ftrelid::pg_catalog.regclass::text, t.ftoptions
    FROM pg_catalog.pg_foreign_table AS t
),

-- the types that come with a table, a view or a range, and base types
silent_types AS (
    SELECT t.oid
    FROM pg_catalog.pg_type AS t
    LEFT JOIN pg_catalog.pg_class AS c ON t.typrelid = c.oid
    WHERE t.oid >= 16384 AND (t.typtype IN ('b', 'm', 'p') OR (t.typtype = 'c' AND c.relkind <> 'c'))
),

-- what has rights and is no object of a described schema: members of extensions, the server's own, and those that no dump
-- writes either
foreigners AS (
    SELECT
        r.classid,
        r.oid,
        r.number,
        r.acl,
        coalesce(
            i.initprivs,
            pg_catalog.acldefault(r.kind, r.owner)
            || CASE  -- initdb notes no initial rights of the information schema, which PUBLIC may read
                WHEN r.number <> 0 THEN ARRAY[]::pg_catalog.aclitem[]
                WHEN r.kind = 'n' AND r.oid = s.oid THEN ARRAY[pg_catalog.makeaclitem(0, r.owner, 'USAGE', FALSE)]
                WHEN r.kind = 'r' AND r.namespace = s.oid THEN ARRAY[pg_catalog.makeaclitem(0, r.owner, 'SELECT', FALSE)]
            END
        ) AS initial
    FROM (
        SELECT
            'pg_catalog.pg_class'::pg_catalog.regclass AS classid,
            c.oid,
            0 AS number,
            (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::pg_catalog."char" AS kind,
            c.relowner AS owner,
            c.relacl AS acl,
            c.relnamespace AS namespace
        FROM pg_catalog.pg_class AS c
        UNION ALL
        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum, 'c', c.relowner, a.attacl, 0
        FROM pg_catalog.pg_attribute AS a
        INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
        UNION ALL
        SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, 'f', p.proowner, p.proacl, 0
        FROM pg_catalog.pg_proc AS p
        UNION ALL
        SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, 'T', t.typowner, t.typacl, 0
        FROM pg_catalog.pg_type AS t
        UNION ALL
        SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, 0, 'l', l.lanowner, l.lanacl, 0
        FROM pg_catalog.pg_language AS l
        UNION ALL
        SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, 0, 'F', w.fdwowner, w.fdwacl, 0
        FROM pg_catalog.pg_foreign_data_wrapper AS w
        UNION ALL
        SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 0, 'S', s.srvowner, s.srvacl, 0
        FROM pg_catalog.pg_foreign_server AS s
        UNION ALL
        SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 0, 'n', n.nspowner, n.nspacl, 0
        FROM pg_catalog.pg_namespace AS n
        WHERE n.nspname <> 'public'
    ) AS r
    LEFT JOIN pg_catalog.pg_namespace AS s ON s.nspname = 'information_schema'
    LEFT JOIN pg_catalog.pg_init_privs AS i ON r.classid = i.classoid AND r.oid = i.objoid AND r.number = i.objsubid
    WHERE
        r.acl IS NOT NULL
        AND (
            r.oid < 16384
            OR r.classid = 'pg_catalog.pg_language'::pg_catalog.regclass
            OR (r.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND r.oid IN (SELECT s.oid FROM silent_types AS s))
            OR EXISTS (
                SELECT FROM pg_catalog.pg_depend AS d
                WHERE d.classid = r.classid AND d.objid = r.oid AND d.deptype = 'e'
            )
        )
),

-- comments that no object of the catalog carries, nor a dump writes, save for the first kinds
remarks AS (
    SELECT d.classoid, d.objoid, d.objsubid, d.description
    FROM pg_catalog.pg_description AS d
    LEFT JOIN silent_types AS y ON d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objoid = y.oid
    LEFT JOIN pg_catalog.pg_constraint AS c ON d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objoid = c.oid
    LEFT JOIN pg_catalog.pg_trigger AS t ON d.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objoid = t.oid
    LEFT JOIN pg_catalog.pg_trigger AS above ON t.tgparentid = above.oid
    LEFT JOIN pg_catalog.pg_rewrite AS r ON d.classoid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objoid = r.oid
    WHERE
        d.objoid >= 16384
        AND (
            d.classoid IN (
                'pg_catalog.pg_conversion'::pg_catalog.regclass, 'pg_catalog.pg_language'::pg_catalog.regclass,
                'pg_catalog.pg_am'::pg_catalog.regclass, 'pg_catalog.pg_transform'::pg_catalog.regclass
            )
            OR y.oid IS NOT NULL
            OR c.contype = 't'
            OR (c.contype = 'c' AND c.conrelid <> 0 AND NOT c.conislocal)
            OR (c.contype = 'f' AND c.conparentid <> 0)
            OR t.tgisinternal
            OR t.tgenabled = above.tgenabled
            OR r.rulename = '_RETURN'
        )
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e'
        )
),

-- the kinds that may be made in a schema of the server's own
in_schemas AS (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass AS classid, p.oid, p.pronamespace AS namespace FROM pg_catalog.pg_proc AS p
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.typnamespace FROM pg_catalog.pg_type AS t
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, c.relnamespace FROM pg_catalog.pg_class AS c
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, o.oprnamespace FROM pg_catalog.pg_operator AS o
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, o.opcnamespace FROM pg_catalog.pg_opclass AS o
    UNION ALL
    SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, o.oid, o.opfnamespace FROM pg_catalog.pg_opfamily AS o
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid, c.collnamespace FROM pg_catalog.pg_collation AS c
    UNION ALL
    SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, c.oid, c.connamespace FROM pg_catalog.pg_conversion AS c
    UNION ALL
    SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, t.oid, t.prsnamespace FROM pg_catalog.pg_ts_parser AS t
    UNION ALL
    SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, t.oid, t.tmplnamespace FROM pg_catalog.pg_ts_template AS t
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, t.oid, t.dictnamespace FROM pg_catalog.pg_ts_dict AS t
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, t.oid, t.cfgnamespace FROM pg_catalog.pg_ts_config AS t
),

-- what comes with the server or an extension, without its rights; with the latter it is made again under another oid
delivered AS (
    SELECT
        'pg_catalog.pg_proc'::pg_catalog.regclass AS classid,
        p.oid,
        0 AS number,
        pg_catalog.concat_ws(
            ' ', p.proname, p.prosrc, p.probin, p.procost, p.prorows, p.provolatile, p.proisstrict, p.prosecdef, p.proleakproof,
            p.proparallel, p.proconfig, p.proowner
        ) AS text
    FROM pg_catalog.pg_proc AS p
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, pg_catalog.concat_ws(' ', t.typname, t.typowner)
    FROM pg_catalog.pg_type AS t
    UNION ALL
    SELECT
        'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, 0,
        pg_catalog.concat_ws(' ', o.oprname, o.oprrest::text, o.oprjoin::text, o.oprowner)
    FROM pg_catalog.pg_operator AS o
    UNION ALL
    SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, 0, pg_catalog.concat_ws(' ', l.lanname, l.lanpltrusted, l.lanowner)
    FROM pg_catalog.pg_language AS l
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid, 0, pg_catalog.concat_ws(' ', c.collname, c.collowner)
    FROM pg_catalog.pg_collation AS c
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, 0, pg_catalog.concat_ws(' ', n.nspname, n.nspowner)
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname <> 'public'
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, t.oid, 0, pg_catalog.concat_ws(' ', t.dictname, t.dictinitoption, t.dictowner)
    FROM pg_catalog.pg_ts_dict AS t
    UNION ALL
    SELECT
        'pg_catalog.pg_ts_config'::pg_catalog.regclass, t.oid, m.maptokentype,
        pg_catalog.concat_ws(' ', t.cfgname, t.cfgowner, m.mapseqno, m.mapdict::pg_catalog.regdictionary)
    FROM pg_catalog.pg_ts_config AS t
    LEFT JOIN pg_catalog.pg_ts_config_map AS m ON t.oid = m.mapcfg
    UNION ALL
    SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, 0, r.ev_action::text FROM pg_catalog.pg_rewrite AS r
    WHERE r.oid < 16384
    UNION ALL
    SELECT d.classoid, d.objoid, d.objsubid, d.description FROM pg_catalog.pg_description AS d
    WHERE d.classoid NOT IN ('pg_catalog.pg_namespace'::pg_catalog.regclass, 'pg_catalog.pg_extension'::pg_catalog.regclass)
),

everything AS (
    SELECT others.kind, others.nspname::text AS schema_name, others.name, others.sql, FALSE AS is_usual
    FROM others
    WHERE
        others.oid >= 16384
        AND (others.nspname IS NULL OR (others.nspname !~ '^pg_' AND others.nspname <> 'information_schema'))
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = others.classid AND d.objid = others.oid AND d.deptype IN ('e', 'i')
        )
    UNION ALL
    SELECT 'secret option', NULL, secret.name || ' of ' || given.kind || ' ' || given.name, pg_catalog.md5(pg_catalog.pg_postmaster_start_time()::text || secret.value), FALSE
    FROM given
    CROSS JOIN LATERAL (
        SELECT o.option_name AS name, o.option_value AS value
        FROM pg_catalog.pg_options_to_table(given.options) AS o
        WHERE o.option_name ~* 'passw|passphrase|pwd|secret|token|credential'
    ) AS secret
    UNION ALL
    SELECT
        'rights on ' || named.type, NULL, named.identity,
        (SELECT pg_catalog.string_agg(a.item::text, ', ' ORDER BY a.item::text) FROM pg_catalog.unnest(foreigners.acl) AS a (item)), FALSE
    FROM foreigners
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(foreigners.classid, foreigners.oid, foreigners.number) AS named
    WHERE NOT (foreigners.acl @> foreigners.initial AND foreigners.initial @> foreigners.acl)
    UNION ALL
    SELECT 'detach pending of', n.nspname, c.relname, NULL, FALSE
    FROM pg_catalog.pg_inherits AS i
    INNER JOIN pg_catalog.pg_class AS c ON i.inhrelid = c.oid
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE i.inhdetachpending
    UNION ALL
    SELECT 'dependency on extension', NULL, e.extname::text || ' of ' || named.type || ' ' || named.identity, NULL, FALSE
    FROM pg_catalog.pg_depend AS d
    INNER JOIN pg_catalog.pg_extension AS e ON d.refobjid = e.oid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS named
    WHERE d.deptype = 'x'
    UNION ALL
    SELECT 'comment', NULL, 'on extension ' || pg_catalog.quote_ident(e.extname), d.description, FALSE
    FROM pg_catalog.pg_extension AS e
    INNER JOIN pg_catalog.pg_description AS d ON e.oid = d.objoid AND d.classoid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    LEFT JOIN pg_catalog.pg_available_extensions() AS a ON e.extname = a.name
    WHERE d.description IS DISTINCT FROM a.comment
    UNION ALL
    SELECT 'comment', NULL, 'on ' || named.type || ' ' || named.identity, remarks.description, FALSE
    FROM remarks
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(remarks.classoid, remarks.objoid, remarks.objsubid) AS named
    UNION ALL  -- the snapshot writes no comment and no owner for what every new database has
    SELECT 'lack of a comment', NULL, 'on schema public', NULL, TRUE
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname = 'public' AND pg_catalog.obj_description(n.oid, 'pg_namespace') IS NULL
    UNION ALL
    SELECT
        'rights of the owners', NULL, 'on schema public',
        pg_catalog.string_agg(
            pg_catalog.pg_get_userbyid(a.grantee)::text || ' ' || a.privilege_type || CASE WHEN a.is_grantable THEN ' *' ELSE '' END,
            ', ' ORDER BY a.privilege_type, a.grantee
        ),
        TRUE
    FROM pg_catalog.pg_namespace AS n
    CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS a
    INNER JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
    WHERE n.nspname = 'public' AND (a.grantee IN (n.nspowner, d.datdba) OR pg_catalog.pg_get_userbyid(a.grantee) = current_user)
    UNION ALL  -- since PostgreSQL 17 one may have all rights on a table but this, which reads as ALL on every version
    SELECT 'lack of MAINTAIN', NULL, 'of ' || coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC') || ' on ' || held.name, NULL, FALSE
    FROM (
        SELECT c.oid::pg_catalog.regclass::text AS name, a.grantee
        FROM pg_catalog.pg_class AS c
        CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
        WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        GROUP BY c.oid, a.grantee
        HAVING
            pg_catalog.count(DISTINCT a.privilege_type) FILTER (WHERE a.privilege_type <> 'MAINTAIN') = 7
            AND NOT pg_catalog.bool_or(a.privilege_type = 'MAINTAIN')
        UNION ALL
        SELECT
            'tables to come of ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.defaclrole))
            || coalesce(' in ' || n.nspname, ''),
            a.grantee
        FROM pg_catalog.pg_default_acl AS d
        LEFT JOIN pg_catalog.pg_namespace AS n ON d.defaclnamespace = n.oid
        CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS a
        WHERE d.defaclobjtype = 'r'
        GROUP BY d.oid, n.nspname, a.grantee
        HAVING
            pg_catalog.count(DISTINCT a.privilege_type) FILTER (WHERE a.privilege_type <> 'MAINTAIN') = 7
            AND NOT pg_catalog.bool_or(a.privilege_type = 'MAINTAIN')
    ) AS held
    LEFT JOIN pg_catalog.pg_roles AS r ON held.grantee = r.oid
    WHERE pg_catalog.current_setting('server_version_num')::int >= 170000
    UNION ALL  -- before PostgreSQL 18 it could be given away alone, and kept its owner when the range was given away
    SELECT 'owner', NULL, 'of multirange ' || m.oid::pg_catalog.regtype::text, pg_catalog.pg_get_userbyid(m.typowner), TRUE
    FROM pg_catalog.pg_range AS r
    INNER JOIN pg_catalog.pg_type AS t ON r.rngtypid = t.oid
    INNER JOIN pg_catalog.pg_type AS m ON r.rngmultitypid = m.oid
    WHERE t.typowner <> m.typowner
    UNION ALL  -- of a foreign key; it is described that they are switched off
    SELECT 'triggers always enabled', NULL, 'of ' || named.identity, found.number::text, FALSE
    FROM (
        SELECT t.tgconstraint, pg_catalog.count(*) AS number FROM pg_catalog.pg_trigger AS t
        WHERE t.tgisinternal AND t.tgenabled = 'A' AND t.tgconstraint <> 0
        GROUP BY t.tgconstraint
    ) AS found
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(
        'pg_catalog.pg_constraint'::pg_catalog.regclass, found.tgconstraint, 0
    ) AS named
    UNION ALL
    SELECT 'security label', NULL, l.provider || ' on ' || named.type || ' ' || named.identity, l.label, FALSE
    FROM pg_catalog.pg_seclabel AS l
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) AS named
    UNION ALL
    SELECT 'member of a built-in operator family', NULL, named.identity, NULL, FALSE
    FROM (
        SELECT 'pg_catalog.pg_amop'::pg_catalog.regclass AS classid, o.oid, o.amopfamily AS family, o.amopopr AS uses
        FROM pg_catalog.pg_amop AS o
        UNION ALL
        SELECT 'pg_catalog.pg_amproc'::pg_catalog.regclass, p.oid, p.amprocfamily, p.amproc FROM pg_catalog.pg_amproc AS p
    ) AS m
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(m.classid, m.oid, 0) AS named
    WHERE
        m.oid >= 16384
        AND m.family < 16384
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE
                d.classid = m.classid AND d.objid = m.oid AND d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
        )
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = m.uses AND d.deptype = 'e')
    UNION ALL
    SELECT
        named.type || ' in a schema of the server', NULL, named.identity,
        (
            SELECT 'digest ' || sum(pg_catalog.hashtextextended(delivered.text, delivered.number))::text
            FROM delivered
            WHERE delivered.classid = made.classid AND delivered.oid = made.oid
        ),
        FALSE
    FROM in_schemas AS made
    INNER JOIN pg_catalog.pg_namespace AS n ON made.namespace = n.oid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(made.classid, made.oid, 0) AS named
    WHERE
        made.oid >= 16384
        AND n.nspname IN ('pg_catalog', 'information_schema')
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = made.classid AND d.objid = made.oid AND d.deptype IN ('e', 'i')
        )
    UNION ALL
    SELECT 'large objects', NULL, CASE found.number WHEN 1001 THEN 'more than 1000' ELSE found.number::text END, NULL, FALSE
    FROM (
        SELECT pg_catalog.count(*) AS number
        FROM (SELECT FROM pg_catalog.pg_largeobject_metadata LIMIT 1001) AS first_ones
    ) AS found
    WHERE found.number > 0
    UNION ALL  -- one by one they are compared, and not named
    SELECT
        'large object',
        NULL,
        l.oid::text,
        'owner ' || pg_catalog.pg_get_userbyid(l.lomowner) || ', rights '
        || (
            SELECT pg_catalog.string_agg(a.item::text, ', ' ORDER BY a.item::text)
            FROM pg_catalog.unnest(coalesce(l.lomacl, pg_catalog.acldefault('L', l.lomowner))) AS a (item)
        )
        || coalesce(', comment ' || pg_catalog.quote_literal(c.description), ''),
        TRUE
    FROM (SELECT l.* FROM pg_catalog.pg_largeobject_metadata AS l ORDER BY l.oid LIMIT 1000) AS l
    LEFT JOIN pg_catalog.pg_description AS c
        ON c.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass AND l.oid = c.objoid
    UNION ALL
    SELECT 'extension version', NULL, pg_catalog.quote_ident(e.extname), e.extversion, TRUE
    FROM pg_catalog.pg_extension AS e
    UNION ALL
    SELECT 'extension owner', NULL, pg_catalog.quote_ident(e.extname), pg_catalog.pg_get_userbyid(e.extowner), TRUE
    FROM pg_catalog.pg_extension AS e
    UNION ALL
    SELECT
        'objects', NULL, 'of the server',
        'digest ' || sum(pg_catalog.hashtextextended(delivered.text, delivered.oid::bigint * 1600 + delivered.number))::text, TRUE
    FROM delivered
    WHERE delivered.oid < 16384
    UNION ALL
    SELECT
        'extension members', NULL, pg_catalog.quote_ident(e.extname),
        'digest ' || sum(pg_catalog.hashtextextended(delivered.text, 0))::text, TRUE
    FROM pg_catalog.pg_depend AS m
    INNER JOIN pg_catalog.pg_extension AS e ON m.refobjid = e.oid
    INNER JOIN delivered ON m.classid = delivered.classid AND m.objid = delivered.oid
    WHERE m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND m.deptype = 'e' AND m.objid >= 16384
    GROUP BY e.extname
    UNION ALL
    SELECT
        'owner', NULL, 'of schema public', pg_catalog.pg_get_userbyid(n.nspowner),
        n.nspowner = CASE WHEN pg_catalog.current_setting('server_version_num')::int < 150000 THEN 10 ELSE 6171 END
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname = 'public'
    UNION ALL
    SELECT
        'database setting',
        NULL,
        pg_catalog.split_part(setting.text, '=', 1)
        || CASE WHEN s.setrole = 0 THEN '' ELSE ' of ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.setrole)) END,
        CASE
            WHEN setting.text ~* '^[^=]*(passw|passphrase|pwd|secret|token|credential)' THEN
                pg_catalog.md5(pg_catalog.pg_postmaster_start_time()::text || setting.text)
            ELSE 'ALTER DATABASE ... SET ' || setting.text || ';'
        END,
        FALSE
    FROM pg_catalog.pg_db_role_setting AS s
    CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting (text)
    WHERE s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    UNION ALL
    SELECT
        'database right',
        NULL,
        acl.privilege_type || ' to ' || coalesce(r.rolname::text, 'PUBLIC'),
        'GRANT ' || acl.privilege_type || ' ON DATABASE ... TO ' || coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC')
        || CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION;' ELSE ';' END,
        TRUE
    FROM pg_catalog.pg_database AS d
    CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS acl
    LEFT JOIN pg_catalog.pg_roles AS r ON acl.grantee = r.oid
    WHERE d.datname = pg_catalog.current_database() AND (acl.grantee = 0 OR r.oid IS NOT NULL)
    UNION ALL
    SELECT 'rights', NULL, 'on the database', NULL, FALSE
    FROM pg_catalog.pg_database AS d
    WHERE
        d.datname = pg_catalog.current_database()
        AND NOT (d.datacl @> pg_catalog.acldefault('d', d.datdba) AND pg_catalog.acldefault('d', d.datdba) @> d.datacl)
    UNION ALL
    SELECT
        'database property',
        NULL,
        property.name,
        'ALTER DATABASE ... ' || property.name || ' ' || property.value || ';',
        property.value = property.usual
    FROM pg_catalog.pg_database AS d
    CROSS JOIN LATERAL (
        VALUES ('IS_TEMPLATE', d.datistemplate::text, 'false'), ('CONNECTION LIMIT', d.datconnlimit::text, '-1')
    ) AS property (name, value, usual)
    WHERE d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT
        'database owner',
        NULL,
        'of the database',
        'ALTER DATABASE ... OWNER TO ' || pg_catalog.pg_get_userbyid(d.datdba)::text || ';',
        TRUE
    FROM pg_catalog.pg_database AS d
    WHERE d.datname = pg_catalog.current_database()
    UNION ALL
    SELECT
        'comment',
        NULL,
        'on the database',
        'COMMENT ON DATABASE ... IS ' || pg_catalog.quote_literal(c.description) || ';',
        c.description ~ '^runner restore of '  -- our own mark
    FROM pg_catalog.pg_shdescription AS c
    INNER JOIN pg_catalog.pg_database AS d ON c.objoid = d.oid AND c.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass
    WHERE d.datname = pg_catalog.current_database()
)

SELECT everything.kind, everything.schema_name, everything.name, everything.sql, everything.is_usual
FROM everything
ORDER BY everything.kind, everything.schema_name, everything.name;
