-- view query: existence

-- ==== change

CREATE OR REPLACE VIEW s1.v AS
 SELECT NULL::integer AS a;

CREATE OR REPLACE VIEW s1.v AS
 SELECT s1.f() AS a;

-- ==== its rollback

CREATE OR REPLACE VIEW s1.v AS
 SELECT NULL::integer AS a;

CREATE OR REPLACE VIEW s1.v AS
 SELECT 1 AS a;

-- And the other way

-- ==== change

CREATE OR REPLACE VIEW s1.v AS
 SELECT NULL::integer AS a;

CREATE OR REPLACE VIEW s1.v AS
 SELECT 1 AS a;

-- ==== its rollback

CREATE OR REPLACE VIEW s1.v AS
 SELECT NULL::integer AS a;

CREATE OR REPLACE VIEW s1.v AS
 SELECT s1.f() AS a;
