-- replica identity: full

-- ==== change

ALTER TABLE ONLY s1.t REPLICA IDENTITY FULL;

-- ==== its rollback

ALTER TABLE ONLY s1.t REPLICA IDENTITY DEFAULT;

-- And the other way

-- ==== change

ALTER TABLE ONLY s1.t REPLICA IDENTITY DEFAULT;

-- ==== its rollback

ALTER TABLE ONLY s1.t REPLICA IDENTITY FULL;
