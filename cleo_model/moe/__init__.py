"""Mixture of experts: from a dense model to a sparse one, and what keeps its router healthy.

upcycle: one expert becomes several  ->  equivalence: the same function as before?
load_balance: the losses and loads of the router while training
frozen_experts: a layer whose experts are still equal computes one of them
"""
