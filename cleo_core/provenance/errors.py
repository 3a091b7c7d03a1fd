"""The errors of provenance: each way in which a model can be other than what was approved has its own.

IntegrityError                   (cleo_core.errors)
├── BundleRefused                what lies in the folder may not be in a bundle
│   ├── BundleLink               a link, a special file or a folder
│   ├── BundleName               a name that is not on the list, or that points elsewhere
│   ├── BundleIncomplete         a file that must be there is not
│   └── BundleContent            a file is not what its name says
└── BundleChanged                files were changed, added or removed after signing
TrustError
├── BundleSignatureInvalid       the signature of the bundle does not hold
├── NotApproved                  no reviewer approved this version
│   ├── ApprovalInvalid          the approval does not hold: changed, forged, or by an unknown key
│   ├── ApprovalExpired          it did, until some day
│   ├── ApprovalMismatch         it is for another name, version, bundle or evaluation
│   ├── Rejected                 a reviewer said no
│   └── Revoked                  a reviewer took the approval back
├── VersionRollback              an older version than this machine has served
├── VersionReplaced              the same version number, but another bundle
├── LearnedFromErased            it learned from a person who was erased longer ago than the settings allow
└── StateDamaged                 the record of what was served cannot be read
"""

from __future__ import annotations

from cleo_core.errors import IntegrityError, TrustError


class BundleRefused(IntegrityError, code="BUNDLE_REFUSED"): ...


class BundleLink(BundleRefused, code="BUNDLE_LINK"): ...


class BundleName(BundleRefused, code="BUNDLE_NAME"): ...


class BundleIncomplete(BundleRefused, code="BUNDLE_INCOMPLETE"): ...


class BundleContent(BundleRefused, code="BUNDLE_CONTENT"): ...


class BundleChanged(IntegrityError, code="BUNDLE_CHANGED"): ...


class BundleSignatureInvalid(TrustError, code="BUNDLE_SIGNATURE_INVALID"): ...


class NotApproved(TrustError, code="NOT_APPROVED"): ...


class ApprovalInvalid(NotApproved, code="APPROVAL_INVALID"): ...


class ApprovalExpired(NotApproved, code="APPROVAL_EXPIRED"): ...


class ApprovalMismatch(NotApproved, code="APPROVAL_MISMATCH"): ...


class Rejected(NotApproved, code="REJECTED"): ...


class Revoked(NotApproved, code="REVOKED"): ...


class VersionRollback(TrustError, code="VERSION_ROLLBACK"): ...


class VersionReplaced(TrustError, code="VERSION_REPLACED"): ...


class LearnedFromErased(TrustError, code="LEARNED_FROM_ERASED"): ...


class StateDamaged(TrustError, code="STATE_DAMAGED"): ...
