"""Data sets of the Hugging Face hub, by their id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cleo_core.errors import UnavailableSource
from cleo_model.corpus.account import shown
from cleo_model.corpus.sources.reading import Reading
from cleo_model.errors import SourceError

HF_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)


def read_hub(reading: Reading) -> Iterator[tuple[str, str, Any]]:
    """The rows of a data set, streamed.

    Raises:
        SourceError: it is no id of a data set.
        UnavailableSource: it cannot be reached.
    """
    source = reading.source
    if not HF_ID.fullmatch(source.location) or ".." in source.location:
        raise SourceError(
            f"Source {source.name!r}: {shown(source.location)!r} is not the id of a data set.",
            hint="Write owner/name; a folder with a data set is written as a path (./name).",
        )
    for number, row in enumerate(_stream(reading), 1):
        where = f"{source.location}, row {number}"
        size = len(str(row.get(source.text_field, row)).encode("utf-8", "surrogatepass"))
        if reading.allows(where, size):
            yield str(number), where, row


def _stream(reading: Reading) -> Iterator[Any]:
    import datasets
    import huggingface_hub

    source = reading.source
    try:
        if not huggingface_hub.is_offline_mode():
            # Asked first, for one answer within seconds: the stream tries again and again, and says so on the screen.
            huggingface_hub.HfApi().dataset_info(source.location, revision=source.revision, timeout=15)
        yield from datasets.load_dataset(source.location, split=source.split, revision=source.revision, streaming=True)
    except Exception as error:  # the hub client raises dozens of types, and each means: it did not come
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise UnavailableSource(
            f"Data set {source.location!r} cannot be reached: {reason}",
            hint="Check the id, the connection to the hub and HF_TOKEN; or download it and give its folder (./name).",
        ) from None
