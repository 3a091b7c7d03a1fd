-- Schema, role and policy of the cold tier. {role} is the role that every transaction takes.
CREATE SCHEMA IF NOT EXISTS cleo_memory;
DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN EXECUTE format('GRANT {role} TO %I', current_user); END $$;
CREATE TABLE IF NOT EXISTS cleo_memory.memories (
    owner text NOT NULL, id text COLLATE "C" NOT NULL, version bigint NOT NULL, sealed bytea, PRIMARY KEY (owner, id));
ALTER TABLE cleo_memory.memories ENABLE ROW LEVEL SECURITY;
ALTER TABLE cleo_memory.memories FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_rows ON cleo_memory.memories;
CREATE POLICY own_rows ON cleo_memory.memories
    USING (owner = current_setting('cleo.owner', true)) WITH CHECK (owner = current_setting('cleo.owner', true));
GRANT USAGE ON SCHEMA cleo_memory TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON cleo_memory.memories TO {role};
