-- Remove the audit trail, with every row in it.
-- Locks: ACCESS EXCLUSIVE on public.audit_logs and, for the foreign key, on public.users.

DROP TABLE public.audit_logs;
