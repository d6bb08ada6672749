-- How this database writes and sorts text. The columns differ between versions: 15 has a provider, 17 renamed its locale.
SELECT
    pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
    d.datcollate::text AS collate,
    d.datctype::text AS ctype,
    coalesce(pg_catalog.to_jsonb(d) ->> 'datlocprovider', 'c') AS provider,
    coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS icu
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
