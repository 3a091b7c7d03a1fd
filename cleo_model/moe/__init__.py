"""Mixture of experts: `upcycle` makes one of a dense model, `equivalence` compares them, `routing` keeps it healthy."""
