-- The functions that PostgREST calls, under the rights of the token's role. What is in braces is empty without vectors.

CREATE OR REPLACE FUNCTION cleo_memory.put_memories(of_owner text, items jsonb) RETURNS bigint LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM set_config('cleo.owner', of_owner, true);
    INSERT INTO cleo_memory.memories AS kept (owner, id, version, sealed{column})
    SELECT DISTINCT ON (i.id) of_owner, i.id, i.version, decode(i.data, 'base64'){value}
    FROM jsonb_to_recordset(items) AS i (id text, version bigint, data text, vector text)
    ORDER BY i.id, i.version DESC
    ON CONFLICT (owner, id) DO UPDATE SET version = excluded.version, sealed = excluded.sealed{update}
    WHERE excluded.version > kept.version;
    RETURN 0;
END $$;
REVOKE EXECUTE ON FUNCTION cleo_memory.put_memories FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cleo_memory.put_memories TO {role};

CREATE OR REPLACE FUNCTION cleo_memory.get_memories(of_owner text, ids text[]) RETURNS TABLE (id text, version bigint, data text) LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM set_config('cleo.owner', of_owner, true);
    RETURN QUERY SELECT m.id, m.version, encode(m.sealed, 'base64') FROM cleo_memory.memories AS m
    WHERE m.owner = of_owner AND m.id = ANY(ids) AND m.sealed IS NOT NULL;
END $$;
REVOKE EXECUTE ON FUNCTION cleo_memory.get_memories FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cleo_memory.get_memories TO {role};

CREATE OR REPLACE FUNCTION cleo_memory.drop_memories(of_owner text, items jsonb) RETURNS bigint LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM set_config('cleo.owner', of_owner, true);
    DELETE FROM cleo_memory.memories AS m USING jsonb_to_recordset(items) AS i (id text, version bigint)
    WHERE m.owner = of_owner AND m.id = i.id AND m.version = i.version;
    RETURN 0;
END $$;
REVOKE EXECUTE ON FUNCTION cleo_memory.drop_memories FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cleo_memory.drop_memories TO {role};

CREATE OR REPLACE FUNCTION cleo_memory.scan_memories(of_owner text, after text, most integer) RETURNS TABLE (id text, version bigint) LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM set_config('cleo.owner', of_owner, true);
    RETURN QUERY SELECT m.id, m.version FROM cleo_memory.memories AS m
    WHERE m.owner = of_owner AND m.id > after AND m.sealed IS NOT NULL ORDER BY m.id LIMIT most;
END $$;
REVOKE EXECUTE ON FUNCTION cleo_memory.scan_memories FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cleo_memory.scan_memories TO {role};

CREATE OR REPLACE FUNCTION cleo_memory.purge_memories(of_owner text) RETURNS bigint LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM set_config('cleo.owner', of_owner, true);
    DELETE FROM cleo_memory.memories AS m WHERE m.owner = of_owner; RETURN 0;
END $$;
REVOKE EXECUTE ON FUNCTION cleo_memory.purge_memories FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cleo_memory.purge_memories TO {role};

-- PostgREST logs in as `authenticator` and takes the role that the token names.
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticator') THEN GRANT {role} TO authenticator; END IF;
END $$;
