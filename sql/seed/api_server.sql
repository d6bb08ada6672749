-- Development data for api_server; `make seed` loads it, again as often as you like. Never for production.
-- Every account has the password development-only; the hashes are bcrypt's of that, so there is no secret here.
-- Locks: ROW EXCLUSIVE on the tables.

INSERT INTO public.users (
    email, password, first_name, last_name, role, status,
    email_verified, email_verified_at, last_login_at, login_count, created_at
)
SELECT
    account.email,
    '$2a$10$hKaqlRtttR/zZ42H6Js1lOKjRQRuqzTNiHtnO2CAMyg8Gs9Wr9r4q' AS password,
    account.first_name,
    account.last_name,
    account.role,
    account.status,
    account.email_verified,
    CASE WHEN account.email_verified THEN CURRENT_TIMESTAMP - account.age + interval '1 hour' END AS email_verified_at,
    CASE WHEN account.login_count > 0 THEN CURRENT_TIMESTAMP - interval '1 day' END AS last_login_at,
    account.login_count,
    CURRENT_TIMESTAMP - account.age AS created_at
FROM (
    VALUES
    ('admin@example.com', 'Default', 'Admin', 'admin', 'active', TRUE, 120, interval '365 days'),
    ('ada@example.com', 'Ada', 'Lovelace', 'user', 'active', TRUE, 42, interval '200 days'),
    ('grace@example.com', 'Grace', 'Hopper', 'user', 'active', TRUE, 7, interval '90 days'),
    ('alan@example.com', 'Alan', 'Turing', 'user', 'active', FALSE, 0, interval '2 hours'),
    ('edsger@example.com', 'Edsger', 'Dijkstra', 'user', 'inactive', TRUE, 3, interval '300 days'),
    ('mallory@example.com', 'Mallory', 'Doe', 'user', 'suspended', TRUE, 1, interval '30 days')
) AS account (email, first_name, last_name, role, status, email_verified, login_count, age)
ON CONFLICT (email) DO NOTHING;

-- The rows below have fixed ids, so that a second run finds them; what has expired since the first is renewed.
INSERT INTO public.user_sessions (id, user_id, token_hash, device_info, ip_address, user_agent, expires_at)
SELECT
    session.id::uuid,
    u.id,
    session.token_hash,
    session.device_info::jsonb,
    session.ip_address::inet,
    session.user_agent,
    CURRENT_TIMESTAMP + session.lifetime AS expires_at
FROM (
    VALUES
    (
        '00000000-0000-4000-8000-000000000101', 'admin@example.com', 'development session of admin',
        '{"type": "desktop", "os": "Linux"}', '192.0.2.10', 'Mozilla/5.0 (X11; Linux x86_64)', interval '7 days'
    ),
    (
        '00000000-0000-4000-8000-000000000102', 'ada@example.com', 'development session of ada',
        '{"type": "phone", "os": "Android"}', '198.51.100.7', 'Mozilla/5.0 (Android 15; Mobile)', interval '1 day'
    ),
    (
        '00000000-0000-4000-8000-000000000103', 'ada@example.com', 'expired development session of ada',
        '{"type": "desktop", "os": "macOS"}', '2001:db8::7', 'Mozilla/5.0 (Macintosh)', interval '-1 day'
    )
) AS session (id, email, token_hash, device_info, ip_address, user_agent, lifetime)
INNER JOIN public.users AS u ON u.email = session.email
ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at;

INSERT INTO public.password_reset_tokens (id, user_id, token, expires_at, used)
SELECT
    reset.id::uuid,
    u.id,
    reset.token,
    CURRENT_TIMESTAMP + reset.lifetime AS expires_at,
    reset.used
FROM (
    VALUES
    ('00000000-0000-4000-8000-000000000201', 'grace@example.com', 'development-reset-open', interval '1 hour', FALSE),
    ('00000000-0000-4000-8000-000000000202', 'ada@example.com', 'development-reset-used', interval '-2 days', TRUE)
) AS reset (id, email, token, lifetime, used)
INNER JOIN public.users AS u ON u.email = reset.email
ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at;

INSERT INTO public.email_verification_tokens (id, user_id, token, expires_at)
SELECT
    '00000000-0000-4000-8000-000000000301'::uuid AS id,
    u.id AS user_id,
    'development-verification-open' AS token,
    CURRENT_TIMESTAMP + interval '1 day' AS expires_at
FROM public.users AS u
WHERE u.email = 'alan@example.com'
ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at;

INSERT INTO public.audit_logs (id, user_id, action, resource, resource_id, old_values, new_values, ip_address, created_at)
SELECT
    event.id::uuid,
    u.id,
    event.action,
    event.resource,
    u.id AS resource_id,
    event.old_values::jsonb,
    event.new_values::jsonb,
    event.ip_address::inet,
    CURRENT_TIMESTAMP - event.age AS created_at
FROM (
    VALUES
    (
        '00000000-0000-4000-8000-000000000401', 'ada@example.com', 'create', 'user',
        NULL, '{"role": "user"}', '192.0.2.10', interval '80 days'
    ),
    (
        '00000000-0000-4000-8000-000000000402', 'ada@example.com', 'login', 'session',
        NULL, NULL, '198.51.100.7', interval '1 day'
    ),
    (
        '00000000-0000-4000-8000-000000000403', 'mallory@example.com', 'update', 'user',
        '{"status": "active"}', '{"status": "suspended"}', '192.0.2.10', interval '3 days'
    )
) AS event (id, email, action, resource, old_values, new_values, ip_address, age)
INNER JOIN public.users AS u ON u.email = event.email
ON CONFLICT (id) DO NOTHING;

INSERT INTO public.rate_limits (key, count, reset_time)
VALUES
('ip:198.51.100.7', 12, CURRENT_TIMESTAMP + interval '1 minute'),
('ip:203.0.113.99', 100, CURRENT_TIMESTAMP + interval '1 minute')
ON CONFLICT (key) DO UPDATE SET count = excluded.count, reset_time = excluded.reset_time;

INSERT INTO public.user_preferences (id, user_id, theme, language, timezone, notifications)
SELECT
    preference.id::uuid,
    u.id,
    preference.theme,
    preference.language,
    preference.timezone,
    preference.notifications::jsonb
FROM (
    VALUES
    ('00000000-0000-4000-8000-000000000501', 'admin@example.com', 'dark', 'en', 'UTC', '{"email": true}'),
    ('00000000-0000-4000-8000-000000000502', 'edsger@example.com', 'light', 'nl', 'Europe/Amsterdam', '{}')
) AS preference (id, email, theme, language, timezone, notifications)
INNER JOIN public.users AS u ON u.email = preference.email
ON CONFLICT (id) DO NOTHING;
