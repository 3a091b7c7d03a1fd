"""Draws addresses of the web and of mail, files, identifiers and products."""

from __future__ import annotations

from random import Random

from cleo_model.corpus.pii.fit.people import People
from cleo_model.corpus.pii.fit.pools import words


class Web:
    """The addresses of the web in one text."""

    def __init__(self, rng: Random, people: People) -> None:
        self.rng, self.people = rng, people

    def _word(self, kind: str) -> str:
        return str(self.rng.choice(words("web")[kind]))

    def _host(self) -> str:
        given, family = self.people.derived()
        title = self._word("sites") + self._word("tails")
        forms = [
            f"{given}{family}",
            f"{given}-{family}",
            family,
            f"{family}{self._word('tails')}".lower(),
            title,
            title,
        ]
        return f"{self.rng.choice(forms)}.{self._word('endings')}"

    def email(self) -> str:
        rng = self.rng
        given, family = self.people.derived()
        forms = [
            f"{given}.{family}", f"{given[0]}.{family}", f"{given}{family}", f"{given}{rng.randrange(100)}",
            self.people.username(), f"{family}.{given}", f"{given.capitalize()}{family.capitalize()}", f"{given}+shop",
            rng.choice(["info", "sales", "contact", "office", "billing", "hr"]),
        ]  # fmt: skip
        address = f"{rng.choice(forms)}@{self._word('mailers') if rng.random() < 0.6 else self._host().lower()}"
        return address.upper() if rng.random() < 0.02 else address

    def email_obfuscated(self) -> str:
        local, host = self.email().lower().split("@", 1)
        ways = [
            (" at ", " dot "),
            (" (at) ", "."),
            (" [at] ", " [dot] "),
            ("(at)", "(dot)"),
            (" AT ", " DOT "),
            (" @ ", "."),
        ]
        at, dot = self.rng.choice(ways)
        return f"{local}{at}{host.replace('.', dot)}"

    def domain(self) -> str:
        host = self._host()
        return self.rng.choice([host, f"www.{host}", f"https://www.{host}/", f"http://{host}/", f"https://{host}"])

    def url_personal(self) -> str:
        given, family = self.people.derived()
        user, host = self.people.username(), self._host().lower()
        forms = [
            self.domain(), f"https://www.linkedin.com/in/{given}-{family}-{self.rng.randrange(1000)}", f"t.me/{user}",
            f"linkedin.com/in/{given}{family}", f"https://twitter.com/{user}", f"https://www.facebook.com/{given}.{family}",
            f"instagram.com/{user}", f"https://github.com/{user}", f"https://{host}/about/{given}",
            f"https://youtube.com/@{user}", f"https://portal.{host}/users/{user}/profile",
        ]  # fmt: skip
        return self.rng.choice(forms)

    def url_public(self) -> str:
        form = self._word("public").replace("{n}", str(self.rng.randrange(100, 999_999)))
        return form.format(*(self._word("things") for _ in range(form.count("{}"))))

    def handle(self) -> str:
        return f"@{self.people.username()}"

    def code_identifier(self) -> str:
        verb, thing, other = self._word("verbs"), self._word("things"), self._word("things")
        forms = [
            f"{verb}_{thing}", f"{verb}{thing.capitalize()}", f"{thing.capitalize()}{other.capitalize()}",
            f"self.{thing}",
            f"{thing}.{verb}()", f"{thing.upper()}_{other.upper()}", f"{thing}::{other}", f"--{verb}-{thing}",
            f"com.{thing}.{other}.{verb.capitalize()}",
        ]  # fmt: skip
        return self.rng.choice(forms)

    def product(self) -> str:
        return self._word("products")

    def filename(self) -> str:
        name = f"{self._word('files')}.{self._word('suffixes')}"
        forms = [name, name, f"{self._word('things')}/{name}", f"/var/log/{name}", f"C:\\Temp\\{name}", f"./{name}"]
        return self.rng.choice(forms)
