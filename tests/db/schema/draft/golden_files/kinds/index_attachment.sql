-- index attachment: existence

-- ==== change

ALTER INDEX s1.i ATTACH PARTITION s1.i1;

-- ==== its rollback

DROP INDEX s1.i;

CREATE INDEX i1 ON s1.p1 USING btree (a);

CREATE INDEX i ON ONLY s1.p USING btree (a);

-- And the other way

-- ==== change

DROP INDEX s1.i;

CREATE INDEX i ON ONLY s1.p USING btree (a);

-- ==== its rollback

CREATE INDEX i1 ON s1.p1 USING btree (a);

ALTER INDEX s1.i ATTACH PARTITION s1.i1;

-- ==== indexes

-- transactional: false

CREATE INDEX CONCURRENTLY i1 ON s1.p1 USING btree (a);

-- ==== its rollback

DROP INDEX CONCURRENTLY s1.i1;
