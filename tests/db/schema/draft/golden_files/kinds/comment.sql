-- comment: text

-- ==== change

COMMENT ON TABLE s1.t IS 'y';

-- ==== its rollback

COMMENT ON TABLE s1.t IS 'x';

-- And the other way

-- ==== change

COMMENT ON TABLE s1.t IS 'x';

-- ==== its rollback

COMMENT ON TABLE s1.t IS 'y';
