-- yoyo's own tables as yoyo 9 makes them (its internal schema, version 2), where there are none of an older one.
CREATE TABLE {migration} (
    migration_hash varchar(64) PRIMARY KEY,
    migration_id varchar(255),
    applied_at_utc timestamp
);
CREATE TABLE {log} (
    id varchar(36) PRIMARY KEY,
    migration_hash varchar(64),
    migration_id varchar(255),
    operation varchar(10),
    username varchar(255),
    hostname varchar(255),
    comment varchar(255),
    created_at_utc timestamp
);
CREATE TABLE {versions} (
    version integer PRIMARY KEY,
    installed_at_utc timestamp
);
INSERT INTO {versions} (version, installed_at_utc)
VALUES (2, pg_catalog.timezone('UTC', pg_catalog.now()));
CREATE TABLE IF NOT EXISTS {lock} (
    locked integer DEFAULT 1 PRIMARY KEY,
    ctime timestamp,
    pid integer NOT NULL
);
