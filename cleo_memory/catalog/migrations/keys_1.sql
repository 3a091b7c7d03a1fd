-- the wrapped keys of users, numbered from here on
CREATE TABLE IF NOT EXISTS data_keys (
    owner TEXT NOT NULL, version BIGINT NOT NULL, kek TEXT NOT NULL, wrapped BYTEA,
    created_at DOUBLE PRECISION NOT NULL, destroyed_at DOUBLE PRECISION, PRIMARY KEY (owner, version));
