-- index: existence

-- ==== indexes

-- transactional: false

CREATE INDEX CONCURRENTLY i ON s1.t USING btree (a);

-- ==== its rollback

DROP INDEX CONCURRENTLY s1.i;

-- And the other way

-- ==== indexes

-- transactional: false

DROP INDEX CONCURRENTLY s1.i;

-- ==== its rollback

CREATE INDEX CONCURRENTLY i ON s1.t USING btree (a);
