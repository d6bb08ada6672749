-- foreign data wrapper: options

-- ==== change

DROP FOREIGN DATA WRAPPER s1x;

CREATE FOREIGN DATA WRAPPER s1x OPTIONS ("P q" 'it''s', o '2');

-- ==== its rollback

DROP FOREIGN DATA WRAPPER s1x;

CREATE FOREIGN DATA WRAPPER s1x OPTIONS (o '1');

-- And the other way

-- ==== change

DROP FOREIGN DATA WRAPPER s1x;

CREATE FOREIGN DATA WRAPPER s1x OPTIONS (o '1');

-- ==== its rollback

DROP FOREIGN DATA WRAPPER s1x;

CREATE FOREIGN DATA WRAPPER s1x OPTIONS ("P q" 'it''s', o '2');
