"""Keys and signatures: only the `cryptography` package, only one algorithm per purpose.

keys: private keys in files of mode 0600 (private_file)  --public half-->  trust_store: who may sign what
payload -> dsse.sign(key): canonical JSON in a signed envelope
envelope -> dsse.open_envelope: type, signature by a trusted key of the role, then the payload is parsed
"""
