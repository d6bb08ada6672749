-- row level security: enabled

-- ==== change

ALTER TABLE s1.t ENABLE ROW LEVEL SECURITY;

-- ==== its rollback

ALTER TABLE s1.t DISABLE ROW LEVEL SECURITY;

-- And the other way

-- ==== change

ALTER TABLE s1.t DISABLE ROW LEVEL SECURITY;

-- ==== its rollback

ALTER TABLE s1.t ENABLE ROW LEVEL SECURITY;
