"""The errors of keys and signatures.

TrustError                       (cleo_core.errors)
├── KeyMissing                   there is no such key file or no such trusted key
├── KeyExists                    a key would be overwritten
├── KeyInsecure                  others may read the key file, or it is a link
├── KeyUnreadable                not a key of the wanted kind, or a wrong passphrase
├── UntrustedKey                 a signature by a key that the trust store does not hold (or no longer)
├── SignatureMissing             there is no signature where one must be
└── SignatureInvalid             a signature that does not hold
"""

from __future__ import annotations

from cleo_core.errors import TrustError


class KeyMissing(TrustError, code="KEY_MISSING"): ...


class KeyExists(TrustError, code="KEY_EXISTS"): ...


class KeyInsecure(TrustError, code="KEY_INSECURE"): ...


class KeyUnreadable(TrustError, code="KEY_UNREADABLE"): ...


class UntrustedKey(TrustError, code="UNTRUSTED_KEY"): ...


class SignatureMissing(TrustError, code="SIGNATURE_MISSING"): ...


class SignatureInvalid(TrustError, code="SIGNATURE_INVALID"): ...
