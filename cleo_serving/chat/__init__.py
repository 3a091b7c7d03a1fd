"""From a question to a reply: `assistant` does it, in the `events` that every door takes.

Question --> memory.context --> prompt --> engine.stream --> links --> Started | Delta | Ended
                                (prompt_injection: signs)              (the origin is recorded)
"""
