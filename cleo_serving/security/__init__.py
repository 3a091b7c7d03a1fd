"""What every request passes: `headers`, `body`, `query/` (the guard of documents), `limits`."""
