-- collation: locale

-- ==== change

DROP COLLATION s1.c;

CREATE COLLATION s1.c (PROVIDER = libc, LOCALE = 'POSIX');

-- ==== its rollback

DROP COLLATION s1.c;

CREATE COLLATION s1.c (PROVIDER = libc, LOCALE = 'C');

-- And the other way

-- ==== change

DROP COLLATION s1.c;

CREATE COLLATION s1.c (PROVIDER = libc, LOCALE = 'C');

-- ==== its rollback

DROP COLLATION s1.c;

CREATE COLLATION s1.c (PROVIDER = libc, LOCALE = 'POSIX');
