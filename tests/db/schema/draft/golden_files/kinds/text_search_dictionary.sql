-- text search dictionary: options

-- ==== change

DROP TEXT SEARCH DICTIONARY s1.d;

CREATE TEXT SEARCH DICTIONARY s1.d (TEMPLATE = pg_catalog.simple, accept = 'false');

-- ==== its rollback

DROP TEXT SEARCH DICTIONARY s1.d;

CREATE TEXT SEARCH DICTIONARY s1.d (TEMPLATE = pg_catalog.simple);

-- And the other way

-- ==== change

DROP TEXT SEARCH DICTIONARY s1.d;

CREATE TEXT SEARCH DICTIONARY s1.d (TEMPLATE = pg_catalog.simple);

-- ==== its rollback

DROP TEXT SEARCH DICTIONARY s1.d;

CREATE TEXT SEARCH DICTIONARY s1.d (TEMPLATE = pg_catalog.simple, accept = 'false');
