"""Sealed payloads and where they lie.

payloads    PayloadStore: seals and commits a memory, opens it wherever it is, seals it anew for another tier
reading     how a memory is found: its tier, the catalogue, any other copy
segments    sealed segments of search indexes
tiers       which store serves which tier       resilient   deadline, retry and circuit breaker around a store
backends    from the settings to the stores     protocol    what a store can do
delivery    carries out the outbox              adapters/   Redis, MongoDB, Postgres, PostgREST, Pinecone, embedded
"""
