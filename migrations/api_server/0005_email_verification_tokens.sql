-- Let a user prove that an e-mail address is theirs, once and for a limited time.
-- Locks: SHARE ROW EXCLUSIVE on public.users for the foreign key; reads go on.

CREATE TABLE public.email_verification_tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    token varchar(255) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used boolean DEFAULT FALSE,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);
