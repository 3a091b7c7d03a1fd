"""Conversations with a user who tells about themself and is remembered, with planted personal data.

Everything personal here is invented. It is planted so that a check can show that masking finds it: what was planted
where is written to a side file, which stays in the raw stage.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cleo_model.corpus.dialogues import explain
from cleo_model.corpus.documentation import entries
from cleo_model.corpus.readers import Item

__all__ = ["PLANTED", "Planted", "personas", "read_planted"]

PLANTED = "planted.jsonl"


@dataclass(frozen=True, slots=True)
class Planted:
    """One personal value, and the id of the record it was planted in."""

    record: str
    type: str
    value: str


def read_planted(folder: Path) -> list[Planted]:
    """What was planted in the corpus of this stage; empty where its sources hold no generated dialogues."""
    path = folder / PLANTED
    if not path.is_file():
        return []
    return [Planted(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def write_planted(folder: Path, planted: list[Planted]) -> None:
    lines = [json.dumps(asdict(value), ensure_ascii=False) for value in planted]
    (folder / PLANTED).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


GIVEN = [
    "Adaeze",
    "Alistair",
    "Amara",
    "Anneliese",
    "Bronwen",
    "Callum",
    "Cosima",
    "Dashiell",
    "Dmitri",
    "Eilidh",
    "Esperanza",
    "Fionnuala",
    "Gaspard",
    "Giulia",
    "Hamish",
    "Ingrid",
    "Isolde",
    "Jarek",
    "Kaveh",
    "Keiko",
    "Leocadia",
    "Liesel",
    "Lorcan",
    "Magnus",
    "Mireille",
    "Nadezhda",
    "Niamh",
    "Octavia",
    "Oisin",
    "Paloma",
    "Priya",
    "Quentin",
    "Rafaela",
    "Rosalind",
    "Saoirse",
    "Siobhan",
    "Stellan",
    "Tamsin",
    "Thaddeus",
    "Ulrike",
    "Vivek",
    "Wilhelmina",
    "Xavier",
    "Yasmin",
    "Yusuf",
    "Zoltan",
    "Anna",
    "Maria",
    "Peter",
    "Laura",
    "Daniel",
    "Sofia",
]
FAMILY = [
    "Abernathy",
    "Achterberg",
    "Bellweather",
    "Blomqvist",
    "Cavendish",
    "Chukwu",
    "Delacroix",
    "Dragomir",
    "Eriksson",
    "Fairweather",
    "Featherstone",
    "Galbraith",
    "Hawthorne",
    "Hollingsworth",
    "Ibarra",
    "Ishikawa",
    "Jankowski",
    "Kowalczyk",
    "Lindqvist",
    "Lombardi",
    "MacAllister",
    "Montague",
    "Nakamura",
    "Novak",
    "O'Sullivan",
    "Okonkwo",
    "Papadopoulos",
    "Pemberton",
    "Quigley",
    "Rasmussen",
    "Rosenthal",
    "Santangelo",
    "Schreiber",
    "Stavros",
    "Szymanski",
    "Takahashi",
    "Thistlewood",
    "Underhill",
    "Vandenberg",
    "Villanueva",
    "Wainwright",
    "Whitlock",
    "Yamamoto",
    "Zielinski",
    "Carter",
    "Meyer",
]
STREETS = [
    "Alder",
    "Birchwood",
    "Canterbury",
    "Dunmore",
    "Elmhurst",
    "Fairview",
    "Glenwood",
    "Hillcrest",
    "Kingsley",
    "Larkspur",
    "Maplewood",
    "Oakridge",
    "Prescott",
    "Rosewood",
]
STREET_KINDS = ("Street", "Avenue", "Road", "Lane", "Drive", "Court", "St", "Ave", "Rd", "Blvd")
TOWNS = (
    ("Springfield", "IL", "62704"),
    ("Dayton", "OH", "45402"),
    ("Salem", "OR", "97301"),
    ("Concord", "NH", "03301"),
    ("Mesa", "AZ", "85201"),
)
MAIL = ("example.com", "mailbox.org", "posteo.net", "fastmail.com", "proton.me", "webmail.co.uk")
FACTS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    # what the user says, what they ask later, what is answered, the values
    ("My favourite colour is {0}.", "What is my favourite colour?", "Your favourite colour is {0}.", ("green", "blue", "dark red", "yellow", "silver", "turquoise")),
    ("I have a dog called {0}.", "What is my dog called?", "Your dog is called {0}.", ("Biscuit", "Pepper", "Waffles", "Shadow", "Ginger", "Snowball")),
    ("I am learning {0} at the moment.", "Which language am I learning?", "You are learning {0}.", ("Italian", "Japanese", "Welsh", "Portuguese", "Rust", "Finnish")),
    ("I play the {0} in a small band.", "Which instrument do I play?", "You play the {0}.", ("cello", "trumpet", "drums", "accordion", "flute", "double bass")),
    ("I work as a {0}.", "What do I do for a living?", "You work as a {0}.", ("nurse", "teacher", "carpenter", "data analyst", "gardener", "librarian")),
    ("I am allergic to {0}.", "What am I allergic to?", "You are allergic to {0}.", ("peanuts", "cats", "pollen", "shellfish", "penicillin")),
    ("My project is called {0}.", "What is my project called?", "Your project is called {0}.", ("Lighthouse", "Bluebird", "Snowdrift", "Paper Boat", "Harvest")),
    ("I prefer short answers.", "How do I like my answers?", "You prefer short answers.", ("",)),
    ("I usually work with {0}.", "Which tool do I usually work with?", "You usually work with {0}.", ("pandas", "numpy", "SQLite", "asyncio", "pytest")),
    ("I live near {0}.", "What do I live near?", "You live near {0}.", ("a lake", "the sea", "a forest", "the mountains", "a railway station")),
)  # fmt: skip
GREETINGS = (
    "Hi, my name is {0}.",
    "Hello, I'm {0}.",
    "Hey there, {0} here.",
    "Good morning! I am {0}.",
    "You can call me {0}.",
    "This is {0} speaking.",
)
WELCOMES = (
    "Nice to meet you, {0}! How can I help you?",
    "Hello {0}, good to meet you. What can I do for you?",
    "Welcome, {0}! What are you working on today?",
    "Hi {0}! I will remember your name.",
)
NOTED = (
    "Noted. I will remember that.",
    "Thank you, I will keep that in mind.",
    "Got it, I have made a note of that.",
    "Okay, I will remember it.",
)
UNTOLD = (
    ("What is my sister's name?", "You have not told me your sister's name yet."), ("Which car do I drive?", "I do not know, you have not told me which car you drive."),
    ("When is my birthday?", "You have not told me when your birthday is."), ("What did I have for breakfast?", "I do not know what you had for breakfast. You have not mentioned it."),
)  # fmt: skip


def personas(chance: random.Random, count: int) -> Iterator[tuple[Item, list[tuple[str, str]]]]:
    """Yield conversations, each with the (type, value) pairs that were planted in it."""
    pool = [(entry, answer) for entry in entries() if entry.part != "packages" and (answer := explain(entry))]
    for number in range(count):
        messages, values = _conversation(chance, pool)
        yield Item(f"persona:{number}", messages=messages), values


def _conversation(
    chance: random.Random, pool: list[tuple[object, str]]
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    given, family = chance.choice(GIVEN), chance.choice(FAMILY)
    full = f"{given} {family}"
    values: list[tuple[str, str]] = []
    turns: list[tuple[str, str]] = []
    remembered: list[tuple[str, str, str]] = []
    named = chance.random() < 0.75
    if named:
        turns.append((chance.choice(GREETINGS).format(full), chance.choice(WELCOMES).format(given)))
        values.append(("PERSON", full))
        remembered.append(("Do you remember my name?", f"Yes, you are {full}.", f"The user's name is {full}."))
    for told, asked, answer, options in chance.sample(FACTS, chance.choice((1, 1, 2, 3))):
        option = chance.choice(options)
        turns.append((told.format(option), chance.choice(NOTED)))
        remembered.append((asked, answer.format(option), f"The user said: {told.format(option)}"))
    if chance.random() < 0.7:
        kind = chance.choice(list(CONTACTS))
        value = CONTACTS[kind](chance, given, family)
        told, asked, answer = chance.choice(TELLING[kind])
        turns.append((told.format(value), chance.choice(NOTED)))
        remembered.append((asked, answer.format(value), f"The user said: {told.format(value)}"))
        values.append((kind, value))
    entry, explanation = chance.choice(pool)
    question = (f"What does {getattr(entry, 'name', '')} do?", explanation)
    asked_later = chance.sample(remembered, min(len(remembered), chance.choice((1, 2, 2, 3))))
    later = [(question, answer) for question, answer, _ in asked_later]
    if chance.random() < 0.2:
        later.append(chance.choice(UNTOLD))
    if chance.random() < 0.4:
        # The assistant is given what it remembers, as when an earlier conversation comes back.
        notes = "\n".join(f"- {note}" for _, _, note in remembered)
        system = [
            {
                "role": "system",
                "content": f"You are Cleo, a helpful assistant. What you remember about the user:\n{notes}",
            }
        ]
        return system + _alternate(later), values
    middle = [question] if chance.random() < 0.6 else []
    return _alternate([*turns, *middle, *later]), values


def _alternate(turns: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [
        message
        for said, answered in turns
        for message in ({"role": "user", "content": said}, {"role": "assistant", "content": answered})
    ]


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def _email(chance: random.Random, given: str, family: str) -> str:
    family = family.replace("'", "")
    form = chance.choice(("{0}.{1}@{2}", "{0}_{1}@{2}", "{3}{1}@{2}", "{0}{4}@{2}", "{0}.{1}+news@{2}"))
    made = form.format(given, family, chance.choice(MAIL), given[0], chance.randint(10, 99))
    return made.lower() if chance.random() < 0.8 else made


def _phone(chance: random.Random, *_: str) -> str:
    area, middle, last = chance.randint(212, 979), chance.randint(200, 998), _digits(chance, 4)
    return chance.choice(
        (f"({area}) {middle}-{last}", f"{area}-{middle}-{last}", f"+1 {area} {middle} {last}", f"{area}.{middle}.{last}",
         f"+44 20 7{_digits(chance, 3)} {_digits(chance, 4)}", f"+49 30 {_digits(chance, 8)}")
    )  # fmt: skip


def _address(chance: random.Random, *_: str) -> str:
    town, state, code = chance.choice(TOWNS)
    street = f"{chance.randint(2, 9899)} {chance.choice(STREETS)} {chance.choice(STREET_KINDS)}"
    return chance.choice(
        (street, f"{street}, {town}, {state} {code}", f"{street}, Apt {chance.randint(1, 60)}, {town}, {state} {code}")
    )


def _card(chance: random.Random, *_: str) -> str:
    digits = chance.choice(("4", "51", "52", "55"))
    digits += _digits(chance, 15 - len(digits))
    total = sum(int(d) if i % 2 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(digits))
    digits += str(-total % 10)
    return chance.choice(
        (
            digits,
            " ".join(digits[i : i + 4] for i in range(0, 16, 4)),
            "-".join(digits[i : i + 4] for i in range(0, 16, 4)),
        )
    )


def _iban(chance: random.Random, *_: str) -> str:
    country, body = chance.choice(
        (("DE", _digits(chance, 18)), ("GB", f"NWBK{_digits(chance, 14)}"), ("FR", _digits(chance, 23)))
    )
    check = 98 - int("".join(str(int(c, 36)) for c in f"{body}{country}00")) % 97
    plain = f"{country}{check:02d}{body}"
    return plain if chance.random() < 0.5 else " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def _ssn(chance: random.Random, *_: str) -> str:
    return f"{chance.randint(100, 665)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"


def _born(chance: random.Random, *_: str) -> str:
    year, month, day = chance.randint(1940, 2004), chance.randint(1, 12), chance.randint(1, 28)
    names = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]
    return chance.choice(
        (
            f"{names[month - 1]} {day}, {year}",
            f"{day} {names[month - 1]} {year}",
            f"{year}-{month:02d}-{day:02d}",
            f"{month:02d}/{day:02d}/{year}",
        )
    )


def _network(chance: random.Random, *_: str) -> str:
    return f"{chance.randint(11, 99)}.{chance.randint(1, 254)}.{chance.randint(1, 254)}.{chance.randint(1, 254)}"


CONTACTS: dict[str, Callable[..., str]] = {
    "EMAIL_ADDRESS": _email, "PHONE_NUMBER": _phone, "STREET_ADDRESS": _address, "CREDIT_CARD": _card, "IBAN_CODE": _iban,
    "US_SSN": _ssn, "DATE_OF_BIRTH": _born, "IP_ADDRESS": _network,
}  # fmt: skip
TELLING: dict[str, tuple[tuple[str, str, str], ...]] = {
    "EMAIL_ADDRESS": (("My email address is {0}.", "What is my email address?", "Your email address is {0}."), ("You can write to me at {0}.", "Where can people write to me?", "People can write to you at {0}.")),
    "PHONE_NUMBER": (("My phone number is {0}.", "What is my phone number?", "Your phone number is {0}."), ("Call me on {0} if anything comes up.", "Which number should you call?", "You asked to be called on {0}.")),
    "STREET_ADDRESS": (("I live at {0}.", "Where do I live?", "You live at {0}."), ("Please send it to {0}.", "Where should it be sent?", "It should be sent to {0}.")),
    "CREDIT_CARD": (("My card number is {0}.", "Which card did I mention?", "You mentioned the card {0}."), ("I paid with {0} last time.", "How did I pay last time?", "Last time you paid with {0}.")),
    "IBAN_CODE": (("My IBAN is {0}.", "What is my IBAN?", "Your IBAN is {0}."), ("Send the refund to {0}, please.", "Where does the refund go?", "The refund goes to {0}.")),
    "US_SSN": (("My social security number is {0}.", "What is my social security number?", "Your social security number is {0}."),),
    "DATE_OF_BIRTH": (("I was born on {0}.", "When was I born?", "You were born on {0}."), ("My date of birth is {0}.", "What is my date of birth?", "Your date of birth is {0}.")),
    "IP_ADDRESS": (("My server runs at {0}.", "Where does my server run?", "Your server runs at {0}."),),
}  # fmt: skip
