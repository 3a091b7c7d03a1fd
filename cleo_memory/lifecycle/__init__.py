"""What becomes of memories over time.

pages       reading: all memories, the turns of a conversation, conversations
forget      memories or a whole conversation, and what was learned from it
requests    what carries a client's key is done once
erase       keys destroyed, rows and copies gone, a signed receipt; erasures by other processes are followed
export      a user's memories as a signed file, and back                  rotation    fresh keys
signing     the key of receipts and manifests, the audit log              retention   what is deleted by age
transfer    all memories to other backends (`cleo memory migrate`)
"""
