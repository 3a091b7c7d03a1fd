"""From a question to a reply: `assistant` does it, in the `events` that every door takes.

Question --> memory.context --> prompt --> engine.stream --> links --> Started | Delta | Ended
                                (prompt_injection: signs)  (length)    (the origin is recorded)

Behind the reply `learning` keeps what the question tells; a request about memory itself (remember, forget, what do you
know) is done there and answered with `phrases`, without the model.
"""
