"""Which tier a memory lives in.

score    how much a memory is used, as one decaying number      access   notes each use
policy   the rule that demotes and promotes                     mover    copies, verifies, swaps the pointer
worker   one of all processes plans and moves
"""
