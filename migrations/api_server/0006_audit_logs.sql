-- Keep a trail of who changed what; a row outlives the user it names.
-- Locks: SHARE ROW EXCLUSIVE on public.users for the foreign key; reads go on.

CREATE TABLE public.audit_logs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid REFERENCES public.users (id) ON DELETE SET NULL,
    action varchar(100) NOT NULL,
    resource varchar(100),
    resource_id uuid,
    old_values jsonb,
    new_values jsonb,
    ip_address inet,
    user_agent text,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);
