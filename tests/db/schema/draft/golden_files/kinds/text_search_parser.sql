-- text search parser: functions

-- ==== change

DROP TEXT SEARCH PARSER s1.p;

CREATE TEXT SEARCH PARSER s1.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);

-- ==== its rollback

DROP TEXT SEARCH PARSER s1.p;

CREATE TEXT SEARCH PARSER s1.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, HEADLINE = prsd_headline, LEXTYPES = prsd_lextype);

-- And the other way

-- ==== change

DROP TEXT SEARCH PARSER s1.p;

CREATE TEXT SEARCH PARSER s1.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, HEADLINE = prsd_headline, LEXTYPES = prsd_lextype);

-- ==== its rollback

DROP TEXT SEARCH PARSER s1.p;

CREATE TEXT SEARCH PARSER s1.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
