"""Mask a folder without the chain: the same files with other values in them, and a report.

folder ──forms: units of each file──> mask_rows ──> the same files, masked ──┐
                                                                             ├─> OUT, put there in one step
account, what was replaced, estimate of what was missed ──report─────────────┘
"""
