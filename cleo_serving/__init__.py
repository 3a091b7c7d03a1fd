"""The API: the approved model answers, with each user's memory, and says where every reply comes from.

    request --> security (headers, body, query guard) --> identity (who asks) --> api (GraphQL; health)
        --> chat.Assistant: memory.context (notes, recent turns) + prompt --> engine.stream --> links
        --> Started | Delta | Ended --> api --> client;  turns --> memory, origin --> proof
    model: pull and verify --> loader --> holder (hot swap, withdrawal) --> the engine that the assistant borrows

| room | holds |
| --- | --- |
| `api/` | the doors: `graphql/` (HTTP, websocket, schema, types), `health`, `errors` as clients see them |
| `chat/` | the assistant, its events, the prompt, signs of injection, the link filter |
| `engine/` | what serving asks of an engine, and the one over transformers |
| `model/` | which model answers: loaded, held, swapped, withdrawn |
| `identity/`, `security/` | tokens and issuers; request bodies, headers, query guard, rate limits |
| `local/` | a model on the command line, without an API |
| `app`, `server`, `services`, `settings`, `metrics`, `cli` | put together, configured, measured |

Of `cleo_memory` only its face is imported; an import contract holds that.
"""
