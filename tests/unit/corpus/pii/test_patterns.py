"""Each type of personal data is found by pattern, in the layouts that people write, and what only looks like it is not.

In a text, « and » stand around what must be found; a text without them holds nothing of the type.
"""

from __future__ import annotations

import re

import pytest

from cleo_model.corpus.pii.patterns import direct_patterns, strict_patterns

pytestmark = pytest.mark.unit

# Put together here, so that no scanner takes them for keys that leaked.
AWS, GITHUB, GITHUB_PAT = (
    "AKIA" + "QWERTYUIOP123456",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuVwXyZ",
)
GITLAB, SLACK, GOOGLE = (
    "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
    "xoxb-" + "1234567890-abcdefGHIJKL",
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
)
HF, ANTHROPIC, OPENAI = (
    "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNm12345678",
    "sk-ant-" + "api03-a1B2c3D4e5F6g7H8",
    "sk-proj-" + "a1B2c3D4e5F6g7H8i9J0",
)
STRIPE, NPM, PYPI = "sk_live_" + "a1B2c3D4e5F6g7H8i9J0k1L2", "npm_" + "a1B2" * 9, "pypi-" + "AgEIcHlwaS5vcmcCJDk5" * 4
SENDGRID, TWILIO = "SG." + "a1B2c3D4e5F6g7H8i9J0k1" + "." + "a1B2" * 10 + "abc", "SK" + "0123456789abcdef" * 2
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
AWS_SECRET = "wJalrXUtnFEMIK7MDENG" + "bPxRfiCYzzzzzzzzKEY1"
PEM = (
    "-----BEGIN RSA "
    + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA0Z3VS5JJ\ncds3xfn/ygWyF8PbnGy0AHB7\n-----END RSA "
    + "PRIVATE KEY-----"
)

FOUND: dict[str, list[str]] = {
    "EMAIL_ADDRESS": [
        "Write to «rachel.thornton@corp-mail.com» when it is back.",
        "Write to «rachel.thornton [at] corp-mail.com» when it is back.",
        "mail «o.brian(at)kiosk(dot)co(dot)uk»!",
        "reach me: «jo at kiosk dot org»",
        "discuss it ( «kioskfeed @ gmail . com» ) with us",
        "From: Jo <«jo+news@kiosk.example.org»>",
    ],
    "CREDIT_CARD": [
        "I paid with «4539 1488 0343 6467» for it.", "«4539148803436467»", "amex «3714-496353-98431» please",
        # with a slip, where the text speaks of a card
        "my card is «4539 1488 0343 6468»", "cancel my card «060426070011» because I lost it",
    ],
    "IBAN_CODE": ["refund to «DE89 3704 0044 0532 0130 00» as the first", "«GB82WEST12345698765432»", "IBAN: «DE00370400440532013000»"],
    "BANK_ACCOUNT": [
        "Wire it to account number «0123456789».", "routing number «021000021»", "sort code «20-00-00»", "Kontonummer: «1234567890»", "SWIFT code: «DEUTDEFF»",
    ],
    "US_SSN": ["My social is «536-90-4399» as you asked."],
    "UK_NINO": ["NI number «AB 12 34 56 C»"],
    "UK_NHS": ["My NHS number is «943 476 5919» for the form."],
    "DE_TAX_ID": ["Meine Steuer-ID lautet «36574261809»."],
    "FR_NIR": ["numéro «2 95 10 99 126 111 93»"],
    "ES_NIF": ["con DNI «54362315-K»"],
    "ES_NIE": ["el NIE «X2482300W»"],
    "IT_FISCAL_CODE": ["codice «RCCMNL83S18D969H»"],
    "NL_BSN": ["Mijn BSN is «111222333»."],
    "IN_AADHAAR": ["linked to «2341 2341 2346»"],
    "IN_PAN": ["pan is «ACUPA7085R»"],
    "AU_TFN": ["my tfn «123 456 782»"],
    "CA_SIN": ["SIN «123-456-782»"],
    "SG_NRIC_FIN": ["NRIC «S1234567D»"],
    "PASSPORT": ["My passport number is «X1234567» and I fly.", "Reisepass Nr. «C01X00T47»", "passeport n° «12AB34567»"],
    "DRIVER_LICENSE": ["driver's license «D1234567»", "driving licence no. «MORGA657054SM9IJ»", "Führerschein: «B072RRE2I55»"],
    "NATIONAL_ID": ["Voter ID: «ABC1234567»", "carta d'identità «CA12345AA»", "tax ID «12-3456789»"],
    "MEDICAL_RECORD": ["MRN: «00482913»", "patient no. «KS-56259»"],
    "PHONE_NUMBER": [
        "In the evening the guard is at «(415) 555-2671».", "In the evening call the guard at «(415) 555-2671».", "Call «415 555 2671» and ask.",
        "Text me at «4155552671» when", "You can reach me at «06 12 34 56 78» until five.", "My mobile is «07911 123456» if", "call me on «0171 2345678» when",
        "My number is «98765 43210», please", "Phone: «60-56-85-91»", "Tel. «9472 7916»", "Mobile of the owner: «+44 7911 123456».", "«+1-604-696-5272x565»",
        "fax: «+41 (0)71 526 99 04»", "Can someone call me on «450 0840»?", "«020 7946 0958 ext. 12»", "Telefon: «030/901820»",
    ],
    "STREET_ADDRESS": [
        "Ship the dock to «742 Evergreen Terrace, Springfield, OR 97403» please.", "Ship to «Hauptstrasse 12, 10115 Berlin» please, second floor.",
        "at «221b Baker Street» tomorrow", "«12 rue de la Gare, 75010 Paris»", "«Calle de Alcalá 45, 28014 Madrid»", "«Via Garibaldi, 7, 20121 Milano»",
        "«Keizersgracht 123, 1015 CJ Amsterdam»", "«Rua Augusta 24, 1100-053 Lisboa»", "«PO Box 1422»", "«PSC 5420, Box 2210\nAPO AE 09012»", "«Unit 7194 Box 5854\nDPO AE 73472»",
    ],
    "ZIP_CODE": ["my zip code is «35350»", "Postleitzahl: «10115»", "postcode «SW1A 1AA»", "in «K1A 0B1» now"],
    "DATE_OF_BIRTH": ["born on «12 March 1984»", "DOB: «1984-03-12»", "geboren am «12.03.1984»", "né le «12/03/1984»", "my birthday is «March 12»"],
    "IP_ADDRESS": ["My machine at «84.17.45.130» cannot", "from «6e40:4041:c617:e898:c11:40d2:c669:2eb4» denied", "my laptop has «192.168.7.23» now"],
    "MAC_ADDRESS": ["laptop «3c:22:fb:9a:10:4e» gets no lease"],
    "URL": [
        "My profile is «https://linkedin.com/in/rachel-thornton-4812» if", "see «github.com/rthornton».", "«https://people.example.edu/~rachel/»", "My website is «http://thornton-photo.be/»",
    ],
    "USERNAME": ["my username is «rachel_t84»", "Twitter: «@rachel_t84»", "his handle is «dockmaster»", "Benutzername: «thornton84»"],
    "SECRET": [
        "user svc-print, password: «Tr0ub4dor&3» for", "I set PASSWORD=«Tr0ub4dor&3» in", "the passwd «hunter2!x»", f"Authorization: Bearer «{JWT}» on each",
        "uses postgres://«report:S3cretPw9»@db.example.org:5432/report", f"with «{HF}» and", f"has «{GITHUB_PAT}» in", f"aws_secret_access_key = «{AWS_SECRET}» stands", f"with «{GOOGLE}» in",
        f"«{AWS}»", f"«{GITHUB}»", f"«{GITLAB}»", f"«{SLACK}»", f"«{ANTHROPIC}»", f"«{OPENAI}»", f"«{STRIPE}»", f"«{NPM}»", f"«{PYPI}»", f"«{SENDGRID}»", f"«{TWILIO}»", f"key:\n«{PEM}»",
        "the PIN is «4821»", "token=«a8f5f167f44f4964e6c998dee827110c»", "mein Passwort lautet «Zug-nach-12»",
    ],
    "VEHICLE_ID": ["VIN «1HGCM82633A004352» was towed", "license plate «7ABC123»", "Kennzeichen «B-MW 1234»", "matrícula «1234 BBC»"],
    "DEVICE_ID": ["IMEI «490154203237518»", "serial number «C02XG2JUH7JG»"],
    "COORDINATES": ["lat/long «52.520008, 13.404954»", "at «40°42'46\"N 74°00'22\"W»", "went down at «-49.65751, -122.86798» then"],
    "PERSON": [

        "| «Li Na» | paid |", "1. «Chiara Esposito»\n2. plumbing", "id,name\n7,«Sakura Ishikawa»,Oslo",
        "Hi, my name is «Oluwaseun» and the dock", "My name is «Xiaoming». The VPN", "Please ask Mr. «Venkataraman» about", "Dear Dr. «Okonkwo», the badge", "before, ask «Lakshmi Venkataraman» first",
        "hi, this is «rachel thornton» from finance", "ESCALATED BY «RACHEL THORNTON», PLEASE", "Owner of this page: «Lakshmi Venkataraman».", "wake up «Rachel», she has", "Best regards,\n«Rachel Thornton»\nSenior Engineer",
        "my sister «Ifeoma» is here", "Ich heiße «Jürgen Köhler» und", "je m'appelle «Zoé»", "Me llamo «Íñigo Montoya»", "mi chiamo «Aurora»", "Mijn naam is «Sjoerd de Vries»", "Chamo-me «Inês»",
    ],
}  # fmt: skip
STRICT: dict[str, list[str]] = {
    "DATE_TIME": ["On «2018-02-24 12:45:18», the", "on «March 5, 2021» we", "founded in «1977».", "am «05.03.2021» war", "since «June 2019»"],
    "AGE": ["i'm «58» y/o.", "just turned «32»", "aged «44»", "«58»-year-old", "The defendant, Ann, «72», of"],
    "TITLE": ["please correct it to «Mrs.» Nishi", "worked for Acme as «Biomedical engineer», but"],
    "NRP": ["I am «Belgian» but", "great «Polish» food", "i am «greek»"],
    "LOCATION": ["I live in «Portugal» now", "aus «Deutschland» kommen"],
    "ORGANIZATION": ["at «Barnett Logistics Ltd» today"],
    "URL": ["Website: «http://TelephoneAffiliates.pl/»", "see «www.poolvendor.be» for"],
}  # fmt: skip
NOTHING = [
    "| Visual Basic | yes |",
    "1. Virginia Beach",
    "install left-pad@1.2.0 and run it; in CI use actions/checkout@v4.0.1 and the image logo@2x.png",
    "Log in with ssh deploy@node1.internal, or admin@build.corp.lan; git clone git@github.com:org/project.git",
    "rsync -a www deploy@example.org:/srv/www",
    "The checksum of 1609459200000 is 9007199254740993, and 3.141592653589793 is pi.",
    "version 1.2.3, released 2021; see RFC 2822 and section 4.5.6; port 8080; ISBN 978-3-16-148410-0",
    "listen on 127.0.0.1, 0.0.0.0, ::1 or 192.0.2.7; std::vector<int> a; fe::x",
    "00:00:00:00:00:00 and ff:ff:ff:ff:ff:ff",
    "password = getpass.getpass(); token = request.headers['token']; secret=None; api_key=os.environ['KEY']",
    "Enter your password: then press return. The password is required. A token is a word.",
    "@property\ndef name(self): ...\n@functools.wraps(f)\n@app.route('/')",
    "https://docs.python.org/3/library/re.html and https://github.com/python/cpython/issues/12345",
    "git commit 9fceb02d0ae598e95dc970b74767f19372d61af8; uuid 123e4567-e89b-12d3-a456-426614174000",
    "x = [0.12345678, 0.87654321]; shape (3, 224, 224); numbers 10 20 30 40 50 60",
    "Strictly speaking, the call returns 100000 rows. This is Python. I am Sure. Dear all, hi there,",
    "Call the function with 3 arguments, then call again with 1000000 as the number.",
    "the ZIP64 format, cp1252, UTF-8, the 5th Way, 3 Days Left, Route 29 follows it",
]


def expected(text: str) -> tuple[str, list[str]]:
    return text.replace("«", "").replace("»", ""), re.findall("«(.*?)»", text, re.DOTALL)


@pytest.mark.parametrize(("entity", "marked"), [(e, text) for e, texts in FOUND.items() for text in texts])
def test_a_value_is_found_whole(entity: str, marked: str) -> None:
    text, values = expected(marked)
    (finds,) = direct_patterns().find([text])
    covered = {place for find in finds for place in range(find.start, find.end)}
    for value in values:
        start = text.index(value)
        missing = [
            text[place] for place in range(start, start + len(value)) if place not in covered and text[place].isalnum()
        ]
        assert not missing, f"{value}: {[(f.entity, text[f.start : f.end]) for f in finds]}"
    assert entity in {find.entity for find in finds}


@pytest.mark.parametrize(("entity", "marked"), [(e, text) for e, texts in STRICT.items() for text in texts])
def test_what_identifies_together_with_other_things_is_found_for_strict(entity: str, marked: str) -> None:
    text, (value,) = expected(marked)
    (finds,) = strict_patterns().find([text])
    assert any(f.entity == entity and value.strip("./") in text[f.start : f.end] for f in finds), finds


@pytest.mark.parametrize("text", NOTHING)
def test_what_only_looks_like_personal_data_is_left(text: str) -> None:
    assert [(find.entity, text[find.start : find.end]) for find in direct_patterns().find([text])[0]] == []
