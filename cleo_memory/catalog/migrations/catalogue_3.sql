-- what was learned from which conversation, keys of repeated requests, and how much each user keeps
CREATE TABLE IF NOT EXISTS origins (
    owner TEXT NOT NULL, id TEXT NOT NULL, thread TEXT NOT NULL, PRIMARY KEY (owner, id));
CREATE INDEX IF NOT EXISTS origins_thread ON origins (owner, thread);
-- key and digest are keyed hashes under the user's key; sealed is the reply, empty while it is made or once it is gone.
CREATE TABLE IF NOT EXISTS requests (
    owner TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, holder TEXT NOT NULL,
    held_until DOUBLE PRECISION NOT NULL, memory TEXT, sealed BYTEA, created_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (owner, key));
CREATE INDEX IF NOT EXISTS requests_age ON requests (owner, created_at);
CREATE TABLE IF NOT EXISTS usage (owner TEXT PRIMARY KEY, memories BIGINT NOT NULL, bytes BIGINT NOT NULL);
INSERT INTO usage (owner, memories, bytes) SELECT owner, count(*), sum(bytes) FROM memories WHERE live = 1 GROUP BY owner;
CREATE INDEX IF NOT EXISTS memories_expired ON memories (owner, expires_at) WHERE live = 1 AND expires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS memories_expiry ON memories (kind, expires_at) WHERE live = 1 AND expires_at IS NOT NULL;
