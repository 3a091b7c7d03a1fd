"""A text in which every character of personal data is known, built from parts and changed without losing track."""

from __future__ import annotations

from dataclasses import dataclass, field

IGNORED = "IGNORED"
"""Label of what may or may not be personal data: training takes no side."""


@dataclass(slots=True)
class Sample:
    """`owner[i]` is the span that character i of `text` is of, -1 for none; `labels` has the label of each span."""

    text: str = ""
    owner: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def add(self, text: str, label: str | None = None) -> Sample:
        """This sample, with a part put behind."""
        if label is not None and text:
            self.labels.append(label)
        self.owner += [len(self.labels) - 1 if label is not None else -1] * len(text)
        self.text += text
        return self

    def extend(self, other: Sample) -> Sample:
        """This sample, with another one put behind."""
        offset = len(self.labels)
        self.owner += [owner + offset if owner >= 0 else -1 for owner in other.owner]
        self.labels += other.labels
        self.text += other.text
        return self

    def spans(self) -> list[tuple[int, int, str]]:
        """Start, end and label of each span that has characters left, in order of the text."""
        found: dict[int, tuple[int, int]] = {}
        for place, owner in enumerate(self.owner):
            if owner >= 0:
                found[owner] = (found.get(owner, (place, 0))[0], place + 1)
        return sorted((start, end, self.labels[owner]) for owner, (start, end) in found.items())


def with_spans(text: str, spans: list[tuple[int, int, str]]) -> Sample:
    """The sample of a text whose spans are known; of two that overlap the first one keeps the characters."""
    sample = Sample(text, [-1] * len(text), [])
    for start, end, label in spans:
        sample.labels.append(label)
        for place in range(start, end):
            if sample.owner[place] < 0:
                sample.owner[place] = len(sample.labels) - 1
    return sample
