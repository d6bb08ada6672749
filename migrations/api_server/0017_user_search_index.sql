-- Read a page of the guide's user search from the users of one status, newest first, and stop when the page is full.
-- idx_users_created_at alone gives the order too, but walks past every user of another status: all of the table when the
-- suspended accounts are old ones. role is included so that the guide's count by status and role reads this index only.
-- ILIKE '%text%' stays a filter on the rows of that status: a trigram index on three columns would cost every write more
-- than an administrator's search is worth.
-- Locks: SHARE on public.users while the index is built; reads go on, writes wait.

CREATE INDEX idx_users_status_created_at
    ON public.users (status, created_at DESC) INCLUDE (role);
