-- Whether pg_dump may read all: each table, view and sequence that it locks or copies, with every row of it.
SELECT NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE
        c.relkind IN ('r', 'p', 'm', 'S')
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT (
            pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            AND CASE
                WHEN c.relkind = 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
                ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT pg_catalog.row_security_active(c.oid)
            END
        )
)
