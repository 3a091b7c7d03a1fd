-- the tables of memories, numbered from here on
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO sequence (name, value) VALUES ('change', 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS memories (
    owner TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, kind TEXT NOT NULL, live INTEGER NOT NULL,
    tier TEXT NOT NULL, thread TEXT, slot TEXT, importance DOUBLE PRECISION NOT NULL,
    created_at DOUBLE PRECISION NOT NULL, valid_from DOUBLE PRECISION NOT NULL, valid_to DOUBLE PRECISION,
    expires_at DOUBLE PRECISION, pinned INTEGER NOT NULL, heat DOUBLE PRECISION NOT NULL,
    touched_at DOUBLE PRECISION NOT NULL, moved_at DOUBLE PRECISION NOT NULL, bytes BIGINT NOT NULL,
    digest TEXT NOT NULL, key_version BIGINT NOT NULL, position BIGINT NOT NULL, seq BIGINT NOT NULL,
    seal TEXT NOT NULL,
    PRIMARY KEY (owner, id));
CREATE INDEX IF NOT EXISTS memories_seq ON memories (owner, seq);
CREATE INDEX IF NOT EXISTS memories_position ON memories (owner, position) WHERE live = 1;
CREATE INDEX IF NOT EXISTS memories_thread ON memories (owner, thread, position) WHERE thread IS NOT NULL;
CREATE INDEX IF NOT EXISTS memories_slot ON memories (owner, slot) WHERE slot IS NOT NULL;
CREATE INDEX IF NOT EXISTS memories_heat ON memories (tier, heat) WHERE live = 1;
CREATE TABLE IF NOT EXISTS payloads (
    owner TEXT NOT NULL, id TEXT NOT NULL, tier TEXT NOT NULL, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    PRIMARY KEY (owner, id, tier));
-- Verified copies in stores outside the catalogue.
CREATE TABLE IF NOT EXISTS copies (
    owner TEXT NOT NULL, id TEXT NOT NULL, store TEXT NOT NULL, version BIGINT NOT NULL,
    verified_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (owner, id, store));
CREATE TABLE IF NOT EXISTS threads (
    owner TEXT NOT NULL, thread TEXT NOT NULL, sealed_name BYTEA NOT NULL, turns BIGINT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL, updated_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (owner, thread));
CREATE INDEX IF NOT EXISTS threads_updated ON threads (owner, updated_at);
CREATE TABLE IF NOT EXISTS outbox (
    number {identity}, owner TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, action TEXT NOT NULL,
    store TEXT NOT NULL, attempts BIGINT NOT NULL, due_at DOUBLE PRECISION NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (store, number);
CREATE INDEX IF NOT EXISTS outbox_memory ON outbox (owner, id);
CREATE TABLE IF NOT EXISTS segments (
    owner TEXT NOT NULL, number BIGINT NOT NULL, through BIGINT NOT NULL, model TEXT NOT NULL,
    sealed BYTEA NOT NULL, PRIMARY KEY (owner, number));
-- Versions of a user's key up to the floor seal nothing any more: the user was erased, or the key rotated.
CREATE TABLE IF NOT EXISTS key_floors (owner TEXT PRIMARY KEY, floor BIGINT NOT NULL);
-- receipt is empty until the erasure is complete.
CREATE TABLE IF NOT EXISTS erasures (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, erased_at DOUBLE PRECISION NOT NULL, receipt TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS erasures_owner ON erasures (owner);
CREATE INDEX IF NOT EXISTS erasures_at ON erasures (erased_at);
CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY, holder TEXT NOT NULL, until DOUBLE PRECISION NOT NULL);
CREATE TABLE IF NOT EXISTS flows (
    source TEXT NOT NULL, target TEXT NOT NULL, memories BIGINT NOT NULL, bytes BIGINT NOT NULL,
    PRIMARY KEY (source, target));
