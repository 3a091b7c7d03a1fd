"""vLLM, out of process and in an environment of its own: its torch and transformers are other releases than ours.

VllmBackend (backend), in the engine's child
    VllmServer (server)  -> guard -> vLLM's OpenAI-compatible server, on a socket in a private folder
environment: where it is installed, and how (`cleo engine install vllm`)
"""
