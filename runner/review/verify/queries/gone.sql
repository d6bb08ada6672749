-- Which of some relations (number 0) and columns are gone, even if others have their names now.
SELECT w.oid::bigint, w.number
FROM ROWS FROM (pg_catalog.unnest(%(relations)s::oid[]), pg_catalog.unnest(%(numbers)s::int[])) AS w (oid, number)
WHERE
    NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = w.oid)
    OR (
        w.number > 0
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = w.oid AND a.attnum = w.number AND NOT a.attisdropped
        )
    );
