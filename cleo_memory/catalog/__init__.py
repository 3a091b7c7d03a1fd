"""The durable system of record: what exists, where it is, and what still has to be done about it.

    repository   the way in: `Catalog.of(owner)` for one user's rows, `Catalog.all_users` for the operator's queries
    changes      what changes it, each in one transaction          rows     all tables within one transaction
    holding      the one answer to whether a memory is kept, and whether it holds
    owned        a table bound to one owner: the statements of its subclasses cannot be about anybody else's rows
    memories, payloads, threads, outbox, erasures, leases, usage, requests, data_keys
                 the SQL of one table or two; nothing outside this folder has any
    database/    SQLite and Postgres under one protocol        migrations/  numbered schema versions

A memory is acknowledged when its row, its sealed payload and its outbox rows are committed together. A forgotten
memory leaves its row behind as a tombstone that outranks every version, so no late copy of it can come back.
"""
