"""Presidio's own recognizers reach for no network, wherever they are used: in a user's file, and as second detector."""

from __future__ import annotations

import socket

import pytest
import tldextract.tldextract
from tldextract import TLDExtract

from cleo_model.corpus.pii.missed import second
from cleo_model.corpus.pii.recognizers import YamlRecognizers

pytestmark = pytest.mark.unit

TEXT = "Write to ann@kiosk.org, not to ann@kiosk.nosuchplace."
YAML = "recognizers: [{name: EmailRecognizer, type: predefined, supported_languages: [en]}]"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that are asked for; each is refused, and Presidio has its own list of suffixes again."""
    hosts: list[str] = []

    def refuse(host: str, *_: object, **__: object) -> None:
        hosts.append(host)
        raise OSError(f"no network here: {host}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(tldextract.tldextract, "TLD_EXTRACTOR", TLDExtract(cache_dir=None))
    return hosts


def test_presidio_as_it_comes_asks_the_network_and_that_is_noticed(asked: list[str]) -> None:
    from presidio_analyzer.predefined_recognizers import EmailRecognizer

    assert EmailRecognizer().analyze(TEXT, ["EMAIL_ADDRESS"])
    assert asked


def test_a_users_file_that_names_presidios_recognizers_asks_nobody(asked: list[str]) -> None:
    (found,) = YamlRecognizers(YAML).find([TEXT])
    assert [TEXT[find.start : find.end] for find in found] == ["ann@kiosk.org"]
    assert asked == []


def test_the_second_detector_asks_nobody(asked: list[str]) -> None:
    second._recognizers.cache_clear()
    found = [recognizer.analyze(TEXT, [kind], None) for recognizer, kind, _ in second._recognizers()]
    assert any(found)
    assert asked == []
