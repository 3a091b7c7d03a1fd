"""Which tier a memory lives in.

policy   notes each use; the score of use, as one decaying number, and the rule that demotes and promotes
worker   one of all processes plans; copies, verifies, swaps the pointer
"""
