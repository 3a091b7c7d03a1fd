"""Secrets: keys of the known providers, tokens, key blocks, and what is said to be a password.

The layouts are those that the providers publish. The plugins of detect-secrets judge lines of code and give no places,
and half of them match inside of hashes, so they are not used.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections import Counter

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.patterns.lists import listed
from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern

L, R = r"(?<![\p{L}\p{N}_-])", r"(?![\p{L}\p{N}_-])"
T = "[A-Za-z0-9_-]"

PROVIDERS: tuple[tuple[str, str], ...] = (
    ("akia", r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[0-9A-Z]{16}"),
    ("asia", r"ASIA[0-9A-Z]{16}"),
    ("ghp_", r"ghp_[A-Za-z0-9]{20,255}"),
    ("gh", r"gh[ousr]_[A-Za-z0-9]{20,255}"),
    ("github_pat_", r"github_pat_[A-Za-z0-9_]{30,255}"),
    ("gl", rf"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas|ffct)-{T}{{16,64}}(?:\.{T}{{2,30}}){{0,3}}"),
    ("xox", rf"xox[abeoprs](?:\.xox[a-z])?-{T}{{10,250}}"),
    ("xapp-", rf"xapp-{T}{{20,250}}"),
    ("hooks.slack.com", r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,120}"),
    ("aiza", rf"AIza{T}{{33,39}}"),
    ("ya29.", rf"ya29\.{T}{{20,300}}"),
    ("gocspx-", rf"GOCSPX-{T}{{20,60}}"),
    ("hf_", r"(?:hf|api_org)_[A-Za-z0-9]{20,60}"),
    ("sk-", rf"sk-(?:ant|proj|svcacct|admin|or|lf)?-?(?=[A-Za-z0-9_-]*\d){T}{{16,250}}"),
    ("pk-", rf"pk-(?=[A-Za-z0-9_-]*\d){T}{{20,100}}"),
    ("_live_", r"(?:sk|rk|pk|whsec)_live_[A-Za-z0-9]{10,120}"),
    ("_test_", r"(?:sk|rk|pk)_test_[A-Za-z0-9]{10,120}"),
    ("whsec_", r"whsec_[A-Za-z0-9+/=]{20,80}"),
    ("npm_", r"npm_[A-Za-z0-9]{30,60}"),
    ("pypi-", rf"pypi-{T}{{40,300}}"),
    ("sk", r"SK[0-9a-f]{32}"),
    ("ac", r"AC[0-9a-f]{32}"),
    ("sg.", rf"SG\.{T}{{16,24}}\.{T}{{30,60}}"),
    ("key-", r"key-[0-9a-z]{32}"),
    ("-us", r"[0-9a-f]{32}-us\d{1,2}"),
    ("accountkey=", r"(?<=(?i:AccountKey=))[A-Za-z0-9+/]{60,90}={0,2}"),
    ("sig=", r"(?<=[?&]sig=)[A-Za-z0-9%+/=]{30,120}"),
    ("8q~", r"[A-Za-z0-9_~.]{3}8Q~[A-Za-z0-9_~.-]{30,40}"),
    ("do", r"do[opr]_v1_[a-f0-9]{64}"),
    ("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("sq0", rf"sq0[a-z]{{3}}-{T}{{20,60}}"),
    ("dckr_pat_", rf"dckr_pat_{T}{{20,60}}"),
    ("hvs.", rf"hv[sbr]\.{T}{{20,200}}"),
    ("dapi", r"dapi[a-f0-9]{32}(?:-\d)?"),
    ("nvapi-", rf"nvapi-{T}{{40,90}}"),
    ("gsk_", r"gsk_[A-Za-z0-9]{30,60}"),
    ("r8_", r"r8_[A-Za-z0-9]{30,50}"),
    ("lin_api_", r"lin_api_[A-Za-z0-9]{30,60}"),
    ("ntn_", r"ntn_[A-Za-z0-9]{30,60}"),
    ("secret_", r"secret_[A-Za-z0-9]{40,50}"),
    ("pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    ("eaa", r"EAA[A-Za-z0-9]{60,250}"),
    ("age-secret-key-", r"AGE-SECRET-KEY-1[A-Z0-9]{50,70}"),
    (":aa", r"\d{8,10}:AA[A-Za-z0-9_-]{32,34}"),
    ("glsa_", r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
    ("rubygems_", r"rubygems_[a-f0-9]{48}"),
    ("crates", r"cio[A-Za-z0-9]{32}"),
)
PRIVATE = r"-----BEGIN (?:[A-Z0-9 ]{0,30})(?:PRIVATE KEY|PRIVATE KEY BLOCK)-----"
WORD = (
    r"pass(?:word|wd|phrase|code|wort|w)|passwd|pwd|pw|kennwort|passwort|mot de passe|mdp|contraseña|clave|password|parola d['’]ordine"
    r"|wachtwoord|senha|palavra-passe|pin(?: ?code)?|otp|passkey|master key|recovery (?:code|key)|security answer|secret"
)
KEYS = (
    r"(?:[A-Za-z0-9]+[_-]){0,4}(?:pass(?:word|wd|phrase|code)?|passwd|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|token|api[_-]?key|apikey|access[_-]?key"
    r"|auth[_-]?token|private[_-]?key|client[_-]?secret|credentials?|signing[_-]?key|encryption[_-]?key|account[_-]?key)"
)
# Values that code gives to such names: a call, a variable, an empty or invented word.
PLACEHOLDERS = listed("not_secrets")


CODE = regex.compile(r"[\[({<$%]|https?:|[\w.]+\(|/|self\.|os\.|args\.|\w+\[")
"""How an expression begins, where a value might stand."""


def _entropy(value: str) -> float:
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())


def _is_password(value: str) -> bool:
    """A word is no password: it needs a digit or a sign in it, and is no call, path or placeholder."""
    plain = value.strip("\"'`.,;:)")
    if len(plain) < 4 or plain.lower() in PLACEHOLDERS or regex.fullmatch(r"[*•x.<>_\-]+", plain):
        return False
    if regex.match(CODE, plain) or plain.endswith(("()", "]", "}")):
        return False
    if regex.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+", plain):  # an attribute: settings.password
        return False
    return regex.search(r"[\d!#$%^&*+=?~]|@", plain) is not None


def _is_said(value: str) -> bool:
    """After "my password is", a word will do that is no ordinary one: digits, signs, or capitals within."""
    plain = value.strip("\"'`.,;:!?)")
    return len(plain) >= 4 and plain.lower() not in PLACEHOLDERS and (
        regex.search(r"\d|[!@#$%^&*_+=~]|\p{Ll}\p{Lu}", plain) is not None
    ) and regex.match(CODE, plain) is None and not regex.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+", plain)  # fmt: skip


def _is_key(value: str) -> bool:
    plain = value.strip("\"'`")
    mixed = regex.search(r"\d", plain) and regex.search(r"[A-Za-z]", plain)
    return bool(mixed) and _entropy(plain) > 3.0 and not regex.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+", plain)


def _is_jwt(value: str) -> bool:
    head = value.split(".")[0]
    try:
        return b'"' in base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
    except (ValueError, binascii.Error):
        return False


def _is_login(value: str) -> bool:
    # "test:test" is what documentation says for any login.
    if regex.fullmatch(r"(?i)(test|user|guest|demo|foo|example|username|postgres):\1", value):
        return False
    return not regex.fullmatch(
        r"(?i)[^:]*:(?:[<{$\[].*|.*[>}\]]|pass(?:word|wd)?|secret|pwd|token|xxx+|\*+|\.\.\.)", value
    )


VALUE = r"[^\s\"'`,;<>(){}\[\]|]"
SECRETS: list[Pattern] = [
    *(pattern("SECRET", L + expression + R.replace("_-", "_"), gate=(gate,)) for gate, expression in PROVIDERS),
    pattern("SECRET", rf"{L}eyJ{T}{{8,2000}}\.(?:eyJ)?{T}{{4,8000}}(?:\.{T}{{0,2000}}){{0,3}}", gate=("eyj",), check=_is_jwt),
    # A block whole; where its end is missing, its base64 lines.
    pattern("SECRET", rf"{PRIVATE}[^-]{{0,12000}}(?:-----END [A-Z0-9 ]{{3,60}}-----)?", gate=("private key",)),
    pattern("SECRET", r"PuTTY-User-Key-File-\d[\s\S]{0,6000}?Private-MAC: \w+", gate=("putty-user-key",)),
    # scheme://user:password@host
    pattern("SECRET", r"(?<=[A-Za-z]://)(?P<v>[^\s:/@\"'<>{}$]{0,64}:[^\s/@\"'<>]{1,128})(?=@[\p{L}\p{N}\[])", gate=("://",), check=_is_login),
    # password: X and PASSWORD=X
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}])(?:{WORD})[\"']?[ \t]{{0,3}}(?:=>|:=|[:=])[ \t]{{0,3}}(?P<v>[\"'`][^\"'`\n]{{4,80}}[\"'`]|[^\s\"'`<>|]{{4,80}})",
            gate=("pass", "pwd", "pw", "kennwort", "mot de", "mdp", "contrase", "clave", "parola", "wachtwoord", "senha", "palavra", "pin", "otp", "secret", "recovery", "key", "answer"),
            check=_is_password),
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}_.])--?(?:password|passwd|token|secret|api-key)[ =](?P<v>{VALUE}{{4,100}})", gate=("--pass", "--tok", "--secret", "--api", "-pass"), check=_is_password),
    # password is X, password X
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}])(?:{WORD})[ ](?:(?:is|was|to|ist|lautet|war|est|es|è|é|of|now|=)[ ]){{0,2}}:?[ ]?[\"'`“‘]?(?P<v>[^\s\"'`”’“‘]{{4,60}})",
            gate=("pass", "pwd", "pw", "kennwort", "mot de", "mdp", "contrase", "clave", "parola", "wachtwoord", "senha", "palavra", "pin", "otp", "secret", "recovery", "answer"),
            check=_is_said),
    pattern("SECRET", r"(?i)(?<![\p{L}\p{N}])(?:pin|otp|passcode|verification code|one-time (?:code|password)|tan|access code|door code|alarm code|gate code)(?: (?:code|number|no))?[ ]?(?:is|:|=|was|ist|est|es|è|é)?[ ]{0,2}(?P<v>\d{4,8})(?![\p{L}\p{N}_]|[.,-]\d)",
            gate=("pin", "otp", "code", "one-time", "tan"), digits=1),
    # token=…, api_key: …, aws_secret_access_key = …
    pattern("SECRET", rf"(?i)(?<![\p{{L}}\p{{N}}_])(?:{KEYS})[\"']?[ \t]{{0,3}}(?:=>|:=|[:=])[ \t]{{0,3}}[\"'`]?(?P<v>[A-Za-z0-9+/=_~.%!@#$^&*-]{{8,400}})",
            gate=("pass", "pwd", "secret", "token", "key", "credential"), check=_is_key),
    pattern("SECRET", r"(?i)(?<!\p{L})(?:api[ -]?key|access (?:key|token)|auth(?:entication)? token|secret key|bearer token|token|license key|product key)[ ](?:is|was|of|=|:)[ ]?[\"'`]?(?P<v>[A-Za-z0-9+/=_~.-]{8,400})", gate=("key", "token"), check=_is_key),
    pattern("SECRET", r"(?i)(?:Authorization:[ ]*)?(?<!\p{L})(?:Bearer|Basic)[ ]+(?P<v>[A-Za-z0-9+/=_~.-]{16,4000})", gate=("bearer ", "basic "), check=_is_key),
]  # fmt: skip
