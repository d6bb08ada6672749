-- server: options

-- ==== change

DROP SERVER s1x;

CREATE SERVER s1x TYPE 't' VERSION '1' FOREIGN DATA WRAPPER s1x OPTIONS (dbname 'd', host 'h');

-- ==== its rollback

DROP SERVER s1x;

CREATE SERVER s1x TYPE 't' VERSION '1' FOREIGN DATA WRAPPER s1x;

-- And the other way

-- ==== change

DROP SERVER s1x;

CREATE SERVER s1x TYPE 't' VERSION '1' FOREIGN DATA WRAPPER s1x;

-- ==== its rollback

DROP SERVER s1x;

CREATE SERVER s1x TYPE 't' VERSION '1' FOREIGN DATA WRAPPER s1x OPTIONS (dbname 'd', host 'h');
