-- event trigger: existence

-- ==== change

CREATE EVENT TRIGGER s1x ON sql_drop EXECUTE FUNCTION s1.ef();

-- ==== its rollback

DROP EVENT TRIGGER s1x;

-- And the other way

-- ==== change

DROP EVENT TRIGGER s1x;

-- ==== its rollback

CREATE EVENT TRIGGER s1x ON sql_drop EXECUTE FUNCTION s1.ef();
