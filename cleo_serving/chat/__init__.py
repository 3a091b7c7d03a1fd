"""From a question to a reply: `assistant` does it, in the `events` that every door takes.

Question --> memory.context --> prompt --> composing ---------------------> Started | Delta | Ended
             (prompt_injection: signs)     engine.stream, withheld, links,  (exchange: turns and
                                           length, echoes                   origin are kept)

Behind the reply `learning` keeps what the question tells; a request about memory itself (remember, forget, what do you
know) is done there and answered with `phrases`, without the model.
"""
