-- What a live schema may hide: indexes that nothing uses, constraints that nobody checked, triggers that do not fire,
-- sequences that end soon, extensions older than the server has them.
SELECT
    'invalid index' AS kind,
    i.indexrelid::pg_catalog.regclass::text AS subject,
    'every write maintains it, no query uses it: its build failed' AS message,
    'DROP INDEX CONCURRENTLY ' || i.indexrelid::pg_catalog.regclass::text || '; and build it again' AS remedy
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
WHERE NOT i.indisvalid AND c.relkind = 'i'
UNION ALL
SELECT
    'not validated',
    pg_catalog.quote_ident(c.conname) || ' on ' || c.conrelid::pg_catalog.regclass::text,
    'rows from before it may break it',
    'ALTER TABLE ' || c.conrelid::pg_catalog.regclass::text || ' VALIDATE CONSTRAINT ' || pg_catalog.quote_ident(c.conname)
FROM pg_catalog.pg_constraint AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.connamespace = n.oid
WHERE NOT c.convalidated AND c.conrelid <> 0 AND n.nspname !~ '^pg_'
UNION ALL
SELECT
    'disabled trigger',
    pg_catalog.quote_ident(t.tgname) || ' on ' || t.tgrelid::pg_catalog.regclass::text,
    'it does not fire',
    'ALTER TABLE ' || t.tgrelid::pg_catalog.regclass::text || ' ENABLE TRIGGER ' || pg_catalog.quote_ident(t.tgname)
FROM pg_catalog.pg_trigger AS t
WHERE t.tgenabled = 'D' AND NOT t.tgisinternal
UNION ALL
SELECT DISTINCT
    'disabled trigger',
    pg_catalog.quote_ident(k.conname) || ' on ' || k.conrelid::pg_catalog.regclass::text,
    'it is not enforced: DISABLE TRIGGER ALL was forgotten',
    'ALTER TABLE ' || t.tgrelid::pg_catalog.regclass::text || ' ENABLE TRIGGER ALL; rows of the meantime may break it'
FROM pg_catalog.pg_trigger AS t
INNER JOIN pg_catalog.pg_constraint AS k ON t.tgconstraint = k.oid
WHERE t.tgenabled = 'D' AND t.tgisinternal
UNION ALL
SELECT
    'sequence near its end',
    s.seqrelid::pg_catalog.regclass::text,
    pg_catalog.round(
        100.0 * pg_catalog.pg_sequence_last_value(s.seqrelid)::numeric / s.seqmax::numeric
    )::text || ' % of ' || s.seqmax::text || ' are used',
    'ALTER SEQUENCE ' || s.seqrelid::pg_catalog.regclass::text
    || ' AS bigint; a column that it fills must become bigint first'
FROM pg_catalog.pg_sequence AS s
WHERE
    NOT s.seqcycle
    AND s.seqincrement > 0
    AND pg_catalog.has_sequence_privilege(s.seqrelid, 'USAGE, SELECT')
    AND pg_catalog.pg_sequence_last_value(s.seqrelid)::numeric > 0.8 * s.seqmax::numeric
UNION ALL
SELECT
    'extension version',
    pg_catalog.quote_ident(e.extname),
    'version ' || e.extversion || ' is installed, the server has ' || a.default_version,
    'ALTER EXTENSION ' || pg_catalog.quote_ident(e.extname) || ' UPDATE, in a migration'
FROM pg_catalog.pg_extension AS e
INNER JOIN pg_catalog.pg_available_extensions() AS a ON e.extname = a.name
WHERE e.extversion <> a.default_version
ORDER BY 1, 2;
