"""What becomes of memories over time.

rights      what a user may demand and an operator owes: export, restore, erase, fresh keys; each is audited
erase       keys destroyed, rows and copies gone, a signed receipt        follow   erasures by other processes
export      a user's memories as a signed file                            signing  the key of receipts and manifests
rotation    a new data key                                                retention   what is deleted by age
transfer    all memories to other backends (`cleo memory migrate`)
"""
