-- index statistics: target

-- ==== change

ALTER INDEX s1.i ALTER COLUMN 2 SET STATISTICS 300;

-- ==== its rollback

ALTER INDEX s1.i ALTER COLUMN 2 SET STATISTICS 0;

-- And the other way

-- ==== change

ALTER INDEX s1.i ALTER COLUMN 2 SET STATISTICS 0;

-- ==== its rollback

ALTER INDEX s1.i ALTER COLUMN 2 SET STATISTICS 300;
