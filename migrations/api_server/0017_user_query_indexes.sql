-- Serve the guide's user search and its counts by status and role without reading the whole table.
-- The search, newest first within a status: idx_users_created_at gives the order too and is enough for a common status, but
-- walks past every other user when the status is a rare one, all of them when the suspended accounts are old.
-- ILIKE '%text%' stays a filter on the rows in that order: trigram indexes on three columns would cost every write more than
-- an administrator's search is worth.
-- The counts: all rows, but only two narrow columns of them. Equal entries are stored once, so this index is a fraction of
-- the table. Both indexes change only with a user's status or role, not at a login.
-- Locks: SHARE on public.users while the indexes are built; reads go on, writes wait.
-- lint: allow index-not-concurrent -- two narrow indexes on a table that is written at sign-up and login: built in a moment

CREATE INDEX idx_users_status_created_at
    ON public.users (status, created_at DESC);

CREATE INDEX idx_users_status_role
    ON public.users (status, role);
