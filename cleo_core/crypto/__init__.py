"""Keys, envelopes and signatures: only the `cryptography` package, only one algorithm per purpose."""
