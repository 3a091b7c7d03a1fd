"""Engines: `base` is the interface; `transformers` is ours (`loading` reads the folder, `text` the tokens)."""
