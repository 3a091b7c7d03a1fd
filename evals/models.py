"""From what a user names to a model folder."""

from __future__ import annotations

import os
from pathlib import Path

from cleo_core.progress import Reporter
from cleo_model.errors import UnusableModel

__all__ = ["locate"]


def locate(model: str, report: Reporter) -> Path:
    """The folder of a local model, of a built-in one, or of a Hugging Face id after it was fetched once.

    Raises:
        UnusableModel: it is a path, but no folder is there.
        UnavailableSource: the id cannot be reached.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if folder.exists() or model.startswith((".", "~", os.sep)) or model.count("/") > 1:
        raise UnusableModel(f"{model} is not a model folder.", hint="Give a folder with config.json and safetensors.")
    from cleo_model.base_model import BaseModelSettings, content_digest
    from cleo_model.pipeline import MODEL
    from cleo_model.train import launch

    settings = BaseModelSettings(model=model, content=content_digest(model))
    return MODEL[0].make(settings, {}, report, launch).path
