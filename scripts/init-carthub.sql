-- Build the carthub database with psql alone, in one transaction, equal to what `runner migrate` makes:
--     createdb -U postgres carthub
--     psql -U postgres -d carthub -f scripts/init-carthub.sql
-- It keeps no history. For migrations from then on, adopt the database: runner baseline --database carthub
-- The order is the one in which `runner plan` shows the files; a test compares the two.

\set ON_ERROR_STOP on

BEGIN;

\ir ../sql/functions/update_updated_at_column.sql
\ir ../migrations/carthub/0001_carts.sql
\ir ../migrations/carthub/0002_cart_items.sql
\ir ../migrations/carthub/0003_orders.sql
\ir ../migrations/carthub/0004_order_items.sql
\ir ../migrations/carthub/0005_comments.sql

COMMIT;
