"""Sources: `source` declares one, `readers` and `builtin` read it, `collect` makes records of all of them."""
