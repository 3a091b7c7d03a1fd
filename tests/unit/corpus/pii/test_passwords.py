"""Passwords that are ordinary words are found where a text says one, and not where it speaks of passwords."""

from __future__ import annotations

import pytest

from cleo_model.corpus.pii.find import Find
from cleo_model.corpus.pii.patterns.passwords import PASSWORDS
from cleo_model.corpus.pii.patterns.pattern import PatternFinder
from cleo_model.corpus.pii.shapes import Shaped

pytestmark = pytest.mark.unit

FINDER = PatternFinder("passwords", PASSWORDS)


@pytest.mark.parametrize(
    "text",
    [
        "my wifi password: sunshine",
        "The password for the guest network is sunshine, in case you need it.",
        "my password was sunshine but i changed it",
        "Username: bob\nPassword: sunshine\n",
        "login is bob, pw: sunshine",
        '{"user": "bob", "password": "sunshine"}',
        "DB_PASSWORD=sunshine",
        "use sunshine as the password",
        "Das Passwort lautet sunshine.",
        "mein WLAN-Passwort: sunshine",
        "le mot de passe du wifi est sunshine.",
        "mon mot de passe : sunshine",
        "la contraseña del wifi es sunshine",
        "mi clave es sunshine.",
        "la password del router è sunshine",
        "het wachtwoord is sunshine",
        "a senha do wifi é sunshine.",
    ],
)
def test_a_word_that_is_said_to_be_a_password_is_found(text: str) -> None:
    (finds,) = FINDER.find([text])
    assert {(text[find.start : find.end], find.entity) for find in finds} == {("sunshine", "SECRET")}


@pytest.mark.parametrize(
    "text",
    [
        "password: str",
        "Password: required",
        "password: The password to log in with.",
        "password: SecretStr",
        "def login(user: str, password: bytes) -> None:",
        '"password": "string"',
        "PASSWORD=changeme",
        "The password is hashed before it is stored.",
        "The password is encrypted, so nobody reads it.",
        "his password is wrong, so he called",
        "use this as the password",
        "Reset your password: click here",
        "Das Passwort ist abgelaufen.",
        "le mot de passe est incorrect.",
        "la contraseña es obligatoria.",
        "La password è scaduta.",
        "het wachtwoord is onjuist",
        "a senha está errada.",
    ],
)
def test_what_is_said_of_passwords_is_none(text: str) -> None:
    assert FINDER.find([text]) == [[]]


def test_the_words_of_a_wallet_are_found_together() -> None:
    words = "apple river stone cloud table chair green mouse paper light dance water"
    (finds,) = FINDER.find([f"our seed phrase: {words}"])
    assert [find.end - find.start for find in finds] == [len(words)]


@pytest.mark.parametrize(("value", "believed"), [("$SECRET", False), ("case-sensitive", False), ("$uper-S3cret", True)])
def test_a_variable_and_a_compound_are_no_secrets_of_the_model(value: str, believed: bool) -> None:
    class Model:
        name = "model"

        def find(self, texts: list[str]) -> list[list[Find]]:
            return [[Find(0, len(text), "SECRET", 0.9, "model")] for text in texts]

    assert bool(Shaped(Model()).find([value])[0]) is believed  # type: ignore[arg-type]
