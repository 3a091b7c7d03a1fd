"""Access tokens (JWT), checked against a fixed map from issuer to algorithms, audience, type and keys.

Nothing in a token chooses how it is checked: its issuer selects an entry of the map, and the entry says the rest. The
local issuer signs with an Ed25519 key below the home folder; an external identity provider is one more entry.
"""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from cleo_core.crypto.errors import KeyExists, KeyMissing
from cleo_core.crypto.private_file import read_private, write_private
from cleo_core.errors import ConfigError, InputError
from cleo_core.settings import home
from cleo_serving.errors import BadRequest, Forbidden, Unauthenticated
from cleo_serving.identity.issuer_keys import IssuerKeys
from cleo_serving.security.body import parse_json
from cleo_serving.settings import IssuerSettings, ServingSettings

LOCAL_ISSUER = "cleo-local"
AUDIENCE = "cleo-api"
TYPE = "at+jwt"
SCOPES = ("chat", "memory:read", "memory:write")
FOREIGN = "|"
"""Between the name of an external issuer and its user's id."""
MAX_TOKEN = 8192
MAX_LIFE = 31 * 86400
LEEWAY = 30
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose token holds."""

    user: str
    scopes: frozenset[str]
    issued_at: float
    expires_at: float

    def require(self, scope: str) -> None:
        """Raises:
        Forbidden: the token does not carry the scope.
        """
        if scope not in self.scopes:
            raise Forbidden(f"The token does not carry the scope {scope}.")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    audience: str
    algorithms: tuple[str, ...]
    types: frozenset[str]
    scope_claim: str
    keys: Callable[[], KeySet]


class TokenVerifier:
    """Checks tokens of the configured issuers."""

    def __init__(self, settings: ServingSettings, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._external = [IssuerKeys(issuer.name, issuer.keys) for issuer in settings.issuers]
        self._entries = {
            issuer.issuer: _entry(issuer, keys) for issuer, keys in zip(settings.issuers, self._external, strict=True)
        }
        if settings.local_issuer:
            key = KeySet([OKPKey.import_key(_local_key().as_dict(private=False))])
            self._entries[LOCAL_ISSUER] = _Entry("", AUDIENCE, ("Ed25519",), frozenset({TYPE}), "scope", lambda: key)
        if not self._entries:
            raise ConfigError(
                "No token issuer is configured, so nobody could sign in.",
                hint="Set CLEO_SERVING_LOCAL_ISSUER=true or CLEO_SERVING_ISSUERS.",
            )

    @property
    def stale_issuers(self) -> list[str]:
        """Names of the external issuers whose key file cannot be read now; their last good keys are in use."""
        return [keys.issuer for keys in self._external if keys.stale]

    def verify(self, token: str) -> Principal:
        """Who the token speaks for.

        Raises:
            Unauthenticated: it does not hold; why is not told.
        """
        try:
            return self._verify(token)
        except (JoseError, ValueError, KeyError, TypeError, InputError, BadRequest) as error:
            raise Unauthenticated("The token does not hold.", hint="Get a new one.") from error

    def _verify(self, token: str) -> Principal:
        if len(token) > MAX_TOKEN or not COMPACT.fullmatch(token):
            raise ValueError("no compact token")
        # Read before the signature is checked, only to look up the entry; the claims are taken after the check.
        unchecked = jws.extract_compact(token.encode())
        claims = parse_json(unchecked.payload)
        issuer = claims.get("iss") if isinstance(claims, dict) else None
        entry = self._entries.get(issuer) if isinstance(issuer, str) else None
        if entry is None or not isinstance(issuer, str):
            raise ValueError("unknown issuer")
        header = unchecked.headers()
        if header.get("alg") not in entry.algorithms or str(header.get("typ", "")).lower() not in entry.types:
            raise ValueError("algorithm or type not accepted")
        if "crit" in header or "jku" in header or "x5u" in header or "jwk" in header:
            raise ValueError("the token names its own key")
        checked = jwt.decode(token, entry.keys(), algorithms=list(entry.algorithms))
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": entry.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        registry.validate(checked.claims)
        now, expires = self._clock(), float(checked.claims["exp"])
        # No leeway for the end: an expired token is expired.
        if expires <= now or expires - float(checked.claims["iat"]) > MAX_LIFE:
            raise ValueError("expired, or lives too long")
        user = check_user(checked.claims["sub"])
        if not entry.name and FOREIGN in user:
            raise ValueError("a local token for a user of another issuer")
        return Principal(
            user=f"{entry.name}{FOREIGN}{user}" if entry.name else user,
            scopes=_scopes(checked.claims.get(entry.scope_claim)),
            issued_at=float(checked.claims["iat"]),
            expires_at=expires,
        )


def make_token(user: str, *, seconds: int, scopes: Iterable[str] = SCOPES) -> str:
    """A token of the local issuer.

    Raises:
        InputError: the user id cannot be one, or a scope is unknown.
    """
    if unknown := set(scopes) - set(SCOPES):
        raise InputError(f"{sorted(unknown)[0]!r} is no scope.", hint=f"One of {', '.join(SCOPES)}.")
    if FOREIGN in user:
        raise InputError(
            f"A user id of the local issuer holds no {FOREIGN!r}.", hint="That sign marks users of other issuers."
        )
    if not 0 < seconds <= MAX_LIFE:
        raise InputError(f"A token cannot live {seconds} seconds.", hint=f"1 to {MAX_LIFE}.")
    # With its fraction: a token made after an erasure holds, one made before it does not, in the same second too.
    now = time.time()
    claims = {
        "iss": LOCAL_ISSUER,
        "aud": AUDIENCE,
        "sub": check_user(user),
        "scope": " ".join(scopes),
        "iat": now,
        "exp": int(now) + seconds,
        "jti": secrets.token_urlsafe(12),
    }
    return jwt.encode({"alg": "Ed25519", "typ": TYPE}, claims, _local_key(), algorithms=["Ed25519"])


def bearer_token(value: object, *, bare: bool = False) -> str:
    """The token in the value of an Authorization header (RFC 6750).

    Args:
        bare: accept the token without its scheme too, as websocket clients send it in connection_init.

    Raises:
        Unauthenticated: there is none.
    """
    if isinstance(value, str):
        scheme, _, token = value.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
        if bare and value:
            return value
    raise Unauthenticated("A token is needed.", hint="Authorization: Bearer TOKEN")


def check_user(user: object) -> str:
    """The user id, if it can be one.

    Raises:
        InputError: it is no text, empty, longer than 128 bytes, or holds characters that cannot be seen.
    """
    if not isinstance(user, str) or not user.strip() or len(user.encode("utf-8", "replace")) > 128:
        raise InputError("A user id has 1 to 128 bytes.")
    # Two ids that look alike must not be one user here and two there.
    if unicodedata.normalize("NFC", user) != user or any(unicodedata.category(sign)[0] in "CZ" for sign in user):
        raise InputError("A user id holds no spaces, control or composed characters.", hint="Use its NFC form.")
    return user


def _scopes(value: object) -> frozenset[str]:
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else ()
    return frozenset(word for word in words if word in SCOPES)


def _local_key() -> OKPKey:
    path = home("keys", "issuer") / "local.pem"
    with suppress(KeyMissing):
        return OKPKey.import_key(read_private(path, "token issuer key"))
    with suppress(KeyExists):  # when another process was quicker
        write_private(path, OKPKey.generate_key("Ed25519").as_pem(private=True))
    return OKPKey.import_key(read_private(path, "token issuer key"))


def _entry(issuer: IssuerSettings, keys: IssuerKeys) -> _Entry:
    types = frozenset(kind.lower() for kind in issuer.types)
    return _Entry(issuer.name, issuer.audience, issuer.algorithms, types, issuer.scope_claim, keys.current)
