"""Who is asking: `tokens` reads the token of a request, verifies it, and makes those of the local issuer."""
