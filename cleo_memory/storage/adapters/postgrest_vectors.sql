-- Where vectors are kept: {place} is the schema of the extension.
CREATE OR REPLACE FUNCTION cleo_memory.nearest_memories(of_owner text, vector text, most integer) RETURNS TABLE (id text, score double precision) LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    PERFORM set_config('cleo.owner', of_owner, true);
    RETURN QUERY SELECT m.id, 1 - (m.embedding OPERATOR({place}.<=>) vector::{place}.vector)
    FROM cleo_memory.memories AS m WHERE m.owner = of_owner AND m.embedding IS NOT NULL
    ORDER BY m.embedding OPERATOR({place}.<=>) vector::{place}.vector LIMIT most;
END $$;
REVOKE EXECUTE ON FUNCTION cleo_memory.nearest_memories FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cleo_memory.nearest_memories TO {role};
