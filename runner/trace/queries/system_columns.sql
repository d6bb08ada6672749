-- The columns of the system catalogs that a snapshot does not describe, and how each is to be read: what refers to another
-- object by its oid is read as that object's name. Those of the whole server are left out: others change them meanwhile.
WITH catalogs AS (
    SELECT
        c.oid,
        c.relname,
        (
            SELECT a.attname FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attname ~ 'owner$'
        ) AS owner
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_attribute AS o ON c.oid = o.attrelid AND o.attname = 'oid'
    WHERE
        c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
        AND c.relkind = 'r'
        AND NOT c.relisshared
        AND pg_catalog.has_column_privilege(o.attrelid, o.attnum, 'SELECT')
        AND c.relname NOT IN (
            'pg_attrdef', 'pg_class', 'pg_constraint', 'pg_default_acl', 'pg_enum', 'pg_event_trigger', 'pg_extension',
            'pg_namespace', 'pg_policy', 'pg_proc', 'pg_rewrite', 'pg_statistic_ext', 'pg_trigger', 'pg_type'
        )
)

SELECT
    catalogs.relname::text,
    a.attname::text,
    CASE
        WHEN f.pktable = 'pg_catalog.pg_authid'::pg_catalog.regclass AND a.atttypid = 'pg_catalog.oid'::pg_catalog.regtype THEN 'role'
        WHEN f.pktable IS NOT NULL THEN 'reference'
        WHEN a.atttypid = 'pg_catalog._aclitem'::pg_catalog.regtype THEN 'rights'
        WHEN a.atttypid = 'pg_catalog.pg_node_tree'::pg_catalog.regtype THEN 'expression'
        WHEN a.attname = 'prattrs' THEN 'columns'
        ELSE 'value'
    END AS spelling,
    CASE
        WHEN f.pktable IS NOT NULL THEN f.pktable::text
        ELSE CASE catalogs.relname
            WHEN 'pg_language' THEN 'l'
            WHEN 'pg_largeobject_metadata' THEN 'L'
            WHEN 'pg_foreign_server' THEN 'S'
            ELSE 'F'
        END
    END AS target,
    (CASE WHEN catalogs.relname = 'pg_publication_rel' THEN 'prrelid' ELSE catalogs.owner END)::text AS owner
FROM catalogs
INNER JOIN pg_catalog.pg_attribute AS a ON catalogs.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_get_catalog_foreign_keys() AS f
    ON catalogs.oid = f.fktable AND f.fkcols = ARRAY[a.attname]::text[] AND NOT f.is_array
WHERE a.attname <> 'oid' AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
ORDER BY catalogs.relname, a.attnum;
