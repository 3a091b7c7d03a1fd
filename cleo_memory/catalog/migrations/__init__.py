"""Numbered forward migrations of the catalogue and of the key store, on SQLite and Postgres.

    schema     the rules: what a version is, what is refused, how steps are applied in one transaction
    *.sql      the steps of both databases
    sqlite     copy, steps and checks of a file           backup   that copy, and when it goes

An SQLite file is brought up to date when it is opened. Postgres, which others may be using, is changed by
`cleo memory upgrade` alone. A database of a newer version is refused.
"""
