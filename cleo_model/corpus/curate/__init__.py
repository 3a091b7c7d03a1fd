"""Curation: `curate` leads, `screening` is what a worker does, `filters` decide."""
