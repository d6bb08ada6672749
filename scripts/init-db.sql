-- Build the api_server database with psql alone, in one transaction, equal to what `runner migrate` makes:
--     createdb -U postgres api_server
--     psql -U postgres -d api_server -f scripts/init-db.sql
-- It keeps no history. For migrations from then on, adopt the database: runner baseline --database api_server
-- The order is the one in which `runner plan` shows the files; a test compares the two.

\set ON_ERROR_STOP on

BEGIN;

\ir ../sql/functions/update_updated_at_column.sql
\ir ../migrations/api_server/0001_extensions.sql
\ir ../migrations/api_server/0002_users.sql
\ir ../migrations/api_server/0003_user_sessions.sql
\ir ../migrations/api_server/0004_password_reset_tokens.sql
\ir ../migrations/api_server/0005_email_verification_tokens.sql
\ir ../migrations/api_server/0006_audit_logs.sql
\ir ../migrations/api_server/0007_rate_limits.sql
\ir ../migrations/api_server/0008_user_preferences.sql
\ir ../migrations/api_server/0009_uuid_defaults.sql
\ir ../migrations/api_server/0010_updated_at_triggers.sql
\ir ../migrations/api_server/0011_user_value_checks.sql
\ir ../migrations/api_server/0012_validate_user_value_checks.sql
\ir ../migrations/api_server/0013_unique_tokens.sql
\ir ../migrations/api_server/0014_unique_rate_limit_keys.sql
\ir ../migrations/api_server/0015_foreign_key_indexes.sql
\ir ../migrations/api_server/0016_expiry_indexes.sql
\ir ../migrations/api_server/0017_user_query_indexes.sql
\ir ../migrations/api_server/0018_comments.sql
\ir ../migrations/api_server/0019_application_role.sql
\ir ../sql/functions/api_server/cleanup_expired_tokens.sql
\ir ../sql/functions/api_server/cleanup_expired_tokens_in_batches.sql
\ir ../sql/functions/api_server/decrypt_sensitive_data.sql
\ir ../sql/functions/api_server/encrypt_sensitive_data.sql
\ir ../migrations/api_server/0020_application_grants.sql

COMMIT;
