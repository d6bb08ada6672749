-- rule: existence

-- ==== change

CREATE RULE r AS
    ON DELETE TO s1.t DO INSTEAD NOTHING;

-- ==== its rollback

DROP RULE r ON s1.t;

-- And the other way

-- ==== change

DROP RULE r ON s1.t;

-- ==== its rollback

CREATE RULE r AS
    ON DELETE TO s1.t DO INSTEAD NOTHING;
