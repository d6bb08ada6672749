-- What the API server's documentation runs. runner verify plans each statement before and after a pending migration.

-- name: user_by_email :one
SELECT
    id,
    email,
    role,
    status
FROM users
WHERE email = :email;

-- name: admins :many
SELECT
    id,
    email,
    role,
    status
FROM users
WHERE role = 'admin';

-- name: newest_active_users :many
SELECT
    id,
    email,
    created_at
FROM users
WHERE status = 'active'
ORDER BY created_at DESC
LIMIT :most;

-- name: search_users :many
SELECT
    id,
    email,
    first_name,
    last_name,
    status,
    created_at
FROM users
WHERE status = 'active'
    AND (first_name ILIKE :pattern OR last_name ILIKE :pattern OR email ILIKE :pattern)
ORDER BY created_at DESC
LIMIT :most OFFSET :passed_over;

-- name: count_users :one
SELECT
    count(*) FILTER (WHERE status = 'active') AS active_users,
    count(*) FILTER (WHERE status = 'inactive') AS inactive_users,
    count(*) FILTER (WHERE role = 'admin') AS admin_users
FROM users;

-- name: remove_expired_sessions :exec
DELETE FROM user_sessions
WHERE expires_at < CURRENT_TIMESTAMP - :grace::interval;

-- name: clean_up :one
SELECT cleanup_expired_tokens();

-- name: count_expired :many
SELECT
    'password_reset_tokens' AS table_name,
    count(*) AS expired_count
FROM password_reset_tokens
WHERE expires_at < CURRENT_TIMESTAMP
UNION ALL
SELECT
    'email_verification_tokens' AS table_name,
    count(*) AS expired_count
FROM email_verification_tokens
WHERE expires_at < CURRENT_TIMESTAMP
UNION ALL
SELECT
    'user_sessions' AS table_name,
    count(*) AS expired_count
FROM user_sessions
WHERE expires_at < CURRENT_TIMESTAMP
UNION ALL
SELECT
    'audit_logs' AS table_name,
    count(*) AS expired_count
FROM audit_logs
WHERE created_at < CURRENT_TIMESTAMP - :age::interval;
