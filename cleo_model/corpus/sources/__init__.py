"""Sources: from files, data sets and what is built in to records.

    source ─> files ─> formats ─┬─> documents (markup/, mail, pdf) ─┬─> items ─> collect (the chain)
              (streams)         ├─> json_records, tables ─> rows ───┤            folder  (`cleo train --data`)
              hub ──────────────┘                  (messages)       │
              builtin (prose, documentation, dialogues, …) ─────────┘

`reading` is one source being read: its account, and what becomes of a record that cannot be used. `identity` gives
records their ids; `inbox` is the folder whose files are a source; `hub_cache` knows which links are files.
"""
