-- text search template: functions

-- ==== change

DROP TEXT SEARCH TEMPLATE s1.e;

CREATE TEXT SEARCH TEMPLATE s1.e (LEXIZE = dsimple_lexize);

-- ==== its rollback

DROP TEXT SEARCH TEMPLATE s1.e;

CREATE TEXT SEARCH TEMPLATE s1.e (INIT = dsimple_init, LEXIZE = dsimple_lexize);

-- And the other way

-- ==== change

DROP TEXT SEARCH TEMPLATE s1.e;

CREATE TEXT SEARCH TEMPLATE s1.e (INIT = dsimple_init, LEXIZE = dsimple_lexize);

-- ==== its rollback

DROP TEXT SEARCH TEMPLATE s1.e;

CREATE TEXT SEARCH TEMPLATE s1.e (LEXIZE = dsimple_lexize);
