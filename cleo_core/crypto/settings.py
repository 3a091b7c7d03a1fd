"""Settings of keys, approvals and the audit log (variables ``CLEO_TRUST_…``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from cleo_core.redact import shown


class TrustSettings(BaseSettings):
    """Where a reviewer's key lies, how long an approval lasts, where audit checkpoints are copied to."""

    model_config = SettingsConfigDict(env_prefix="CLEO_TRUST_", env_file=".env", extra="ignore")

    reviewer: str | None = None
    """Name of the reviewer who works here; needed when several reviewer keys are on this machine."""
    reviewer_key: Path | None = None
    """The reviewer's own private key, where it does not lie below the home folder (a USB stick, a mounted secret)."""
    passphrase_file: Path | None = None
    """File (mode 0600) with the passphrase of the reviewer's key, when it is encrypted and no person can be asked."""
    approval_days: int = Field(default=90, ge=1, le=730)
    """How many days an approval lasts."""
    audit_copy: Path | None = None
    """Replica of signed audit checkpoints: best another disk or machine. By default beside the log."""

    def problems(self) -> Iterator[str]:
        """See `cleo_core.settings.check`."""
        for name, file in (("REVIEWER_KEY", self.reviewer_key), ("PASSPHRASE_FILE", self.passphrase_file)):
            if file is not None and not file.is_file():
                yield f"CLEO_TRUST_{name} is {shown(str(file))}: there is no such file."
        if self.audit_copy is not None and not self.audit_copy.is_dir():
            yield f"CLEO_TRUST_AUDIT_COPY is {shown(str(self.audit_copy))}: there is no such folder."
