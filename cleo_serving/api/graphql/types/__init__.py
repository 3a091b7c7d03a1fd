"""What the GraphQL API speaks of: `chat` and who answers, `memory` and the rights over it; `show` makes a type."""

from dataclasses import fields
from typing import Any, TypeVar

__all__ = ["show"]

T = TypeVar("T")


def show(kind: type[T], value: object, **given: Any) -> T:
    """`kind` with each field as given, or else as the attribute of that name."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # strawberry makes dataclasses
    return kind(**{name: given[name] if name in given else getattr(value, name) for name in names})
