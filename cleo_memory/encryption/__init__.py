"""Keys and seals: nothing derived from a memory is kept but under a key of its user.

providers, vault   hold the key-encryption key (KEK) and wrap data keys under it
keyring            a data key per user, wrapped, in a store of its own; destroying it erases the user everywhere
user_keys          one user's opened keys: seal, open, keyed hashes, the signature of a catalogue row
envelope           the sealed form
"""
