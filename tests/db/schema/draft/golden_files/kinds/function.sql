-- function: existence

-- ==== change

CREATE OR REPLACE FUNCTION s1.f(a integer)
 RETURNS integer
 LANGUAGE sql
AS $function$SELECT 1$function$;

-- ==== its rollback

DROP FUNCTION s1.f(integer);

-- And the other way

-- ==== change

DROP FUNCTION s1.f(integer);

-- ==== its rollback

CREATE OR REPLACE FUNCTION s1.f(a integer)
 RETURNS integer
 LANGUAGE sql
AS $function$SELECT 1$function$;
