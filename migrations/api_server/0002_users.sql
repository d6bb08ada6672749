-- Keep the accounts of every service in one table; the user service owns it.
-- Column for column what the Database Guide says, so that a database made by hand from the guide can be adopted.
-- Locks: none on existing tables.

CREATE TABLE public.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(255) UNIQUE NOT NULL,
    password varchar(255) NOT NULL,
    first_name varchar(100) NOT NULL,
    last_name varchar(100) NOT NULL,
    role varchar(50) NOT NULL DEFAULT 'user',
    status varchar(50) NOT NULL DEFAULT 'active',
    email_verified boolean DEFAULT FALSE,
    email_verified_at timestamp with time zone,
    password_changed_at timestamp with time zone,
    last_login_at timestamp with time zone,
    login_count integer DEFAULT 0,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

-- Repeats the index behind the UNIQUE constraint; kept because the guide names it.
CREATE INDEX idx_users_email ON public.users (email);

CREATE INDEX idx_users_status ON public.users (status);

CREATE INDEX idx_users_role ON public.users (role);

CREATE INDEX idx_users_created_at ON public.users (created_at);
