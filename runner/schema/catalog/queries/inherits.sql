-- Children and parents: partitions, inheriting tables, and the indexes attached to a partitioned one.
SELECT i.inhrelid, i.inhparent
FROM pg_catalog.pg_inherits AS i
ORDER BY i.inhrelid, i.inhseqno;
