-- Whether something was applied after the last run of the post-apply hook.
SELECT
    coalesce(max(id) FILTER (WHERE operation = 'apply'), 0)
    > coalesce(max(id) FILTER (WHERE operation = 'hook'), 0) AS due
FROM {runner}
