-- Whether the session's search_path was chosen for it: by its client, for its role, or by a schema of the role's name.
-- Named: the client gave the path itself.
SELECT
    s.source NOT IN ('default', 'environment variable', 'configuration file', 'command line', 'database')
    OR (
        pg_catalog.strpos(s.setting, '$user') > 0
        AND pg_catalog.current_schema() = CURRENT_USER
    ) IS TRUE AS is_chosen,
    s.source = 'client' AS is_named
FROM pg_catalog.pg_settings AS s
WHERE s.name = 'search_path'
