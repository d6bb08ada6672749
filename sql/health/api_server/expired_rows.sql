-- Rows whose time is over and that the clean-up has not removed yet.
-- worry: when they grow, or the oldest is days past its time: the clean-up does not run. Expired sessions and tokens
--   are data that nobody may use and an attacker would like to have.
-- do: CALL public.cleanup_expired_tokens_in_batches(); and see why the schedule did not: scripts/maintenance.sh, or
--   the CronJob.
-- needs: table public.user_sessions, public.password_reset_tokens, public.email_verification_tokens,
--   public.audit_logs
-- warn: expired > 0 and overdue_s > 2d
-- problem: expired > 100000 and overdue_s > 7d
-- labels: table
SELECT
    e.table,
    e.expired,
    EXTRACT(EPOCH FROM CURRENT_TIMESTAMP - e.oldest)::bigint AS overdue_s
FROM (
    SELECT
        'password_reset_tokens' AS table,
        pg_catalog.count(*) AS expired,
        pg_catalog.min(p.expires_at) AS oldest
    FROM public.password_reset_tokens AS p
    WHERE p.expires_at < CURRENT_TIMESTAMP
    UNION ALL
    SELECT
        'email_verification_tokens' AS table,
        pg_catalog.count(*) AS expired,
        pg_catalog.min(v.expires_at) AS oldest
    FROM public.email_verification_tokens AS v
    WHERE v.expires_at < CURRENT_TIMESTAMP
    UNION ALL
    SELECT
        'user_sessions' AS table,
        pg_catalog.count(*) AS expired,
        pg_catalog.min(s.expires_at) AS oldest
    FROM public.user_sessions AS s
    WHERE s.expires_at < CURRENT_TIMESTAMP
    UNION ALL
    SELECT
        'audit_logs' AS table,
        pg_catalog.count(*) AS expired,
        pg_catalog.min(l.created_at) + interval '90 days' AS oldest
    FROM public.audit_logs AS l
    WHERE l.created_at < CURRENT_TIMESTAMP - interval '90 days'
) AS e
ORDER BY e.expired DESC, e.table ASC;
