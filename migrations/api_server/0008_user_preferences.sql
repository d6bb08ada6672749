-- Remember how each user wants the interface to look and speak; the guide's own example of a migration.
-- A database made by hand from the guide ends here: adopt it at this file, the later ones bring it up to date.
-- Locks: SHARE ROW EXCLUSIVE on public.users for the foreign key; reads go on.

CREATE TABLE public.user_preferences (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    theme varchar(50) DEFAULT 'light',
    language varchar(10) DEFAULT 'en',
    timezone varchar(50) DEFAULT 'UTC',
    notifications jsonb DEFAULT '{}',
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_user_preferences_user_id ON public.user_preferences (user_id);
