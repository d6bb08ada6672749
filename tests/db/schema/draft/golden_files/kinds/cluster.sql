-- cluster: a key

-- ==== change

ALTER TABLE s1.k CLUSTER ON k_pkey;

-- ==== its rollback

ALTER TABLE s1.k SET WITHOUT CLUSTER;

-- And the other way

-- ==== change

ALTER TABLE s1.k SET WITHOUT CLUSTER;

-- ==== its rollback

ALTER TABLE s1.k CLUSTER ON k_pkey;
