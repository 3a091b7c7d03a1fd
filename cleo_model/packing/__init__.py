"""Packing: `mixture` says which records a phase trains on, `pack` makes rows of tokens of them."""
