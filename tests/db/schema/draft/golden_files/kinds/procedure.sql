-- procedure: existence

-- ==== change

CREATE OR REPLACE PROCEDURE s1.f(IN a integer)
 LANGUAGE sql
AS $procedure$SELECT 1$procedure$;

-- ==== its rollback

DROP PROCEDURE s1.f(integer);

-- And the other way

-- ==== change

DROP PROCEDURE s1.f(integer);

-- ==== its rollback

CREATE OR REPLACE PROCEDURE s1.f(IN a integer)
 LANGUAGE sql
AS $procedure$SELECT 1$procedure$;
