-- Let the auth service look up, list and expire the sessions behind its tokens.
-- Locks: SHARE ROW EXCLUSIVE on public.users for the foreign key; reads go on.

CREATE TABLE public.user_sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    token_hash varchar(255) NOT NULL,
    device_info jsonb,
    ip_address inet,
    user_agent text,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_user_sessions_user_id ON public.user_sessions (user_id);

CREATE INDEX idx_user_sessions_token_hash ON public.user_sessions (token_hash);

CREATE INDEX idx_user_sessions_expires_at ON public.user_sessions (expires_at);
