"""Mixture of experts: from a dense model to a sparse one, and what keeps its router healthy.

layout: the stock architectures, and what each can express
upcycle: one expert becomes several (routers, clusters: where theirs begin)
equivalence: does it compute the same function as before?
layerwise: a checkpoint run a layer at a time
load_balance: the losses and loads of the router while training
heldout_trace: where held-out tokens went, while their loss is measured
frozen_experts: a layer whose experts are still equal computes one of them
"""
