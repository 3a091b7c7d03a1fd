"""Nobody gets in without a token that holds, and nobody reaches what is another's."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from cleo_core.errors import ConfigError, InputError
from cleo_serving.errors import Forbidden, Unauthenticated
from cleo_serving.identity import tokens
from cleo_serving.identity.tokens import AUDIENCE, LOCAL_ISSUER, TokenVerifier, make_token
from cleo_serving.settings import IssuerSettings, ServingSettings
from tests.serving_server import RunningApi

pytestmark = pytest.mark.security

QUERY = {"query": "{ health { ready } }"}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {"iss": LOCAL_ISSUER, "aud": AUDIENCE, "sub": "ann", "scope": "chat", "iat": now, "exp": now + 60} | changes
    return {name: value for name, value in made.items() if value is not None}


def sign(content: dict[str, Any], key: Any = None, **header: Any) -> str:
    header = {"alg": "Ed25519", "typ": "at+jwt"} | header
    return jwt.encode(header, content, key or tokens._local_key(), algorithms=[header["alg"]])


def unsigned(content: dict[str, Any], **header: Any) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'at+jwt'} | header)}.{part(content)}."


BAD: dict[str, Callable[[], str]] = {
    "no token at all": lambda: "x",
    "alg none": lambda: unsigned(claims()),
    "alg none with a signature": lambda: unsigned(claims()) + "AAAA",
    "alg None in capitals": lambda: unsigned(claims(), alg="None") + "AAAA",
    "another key": lambda: sign(claims(), OKPKey.generate_key("Ed25519")),
    "signed with the public key as a shared secret": lambda: sign(
        claims(), OctKey.import_key(tokens._local_key().as_dict(private=False)["x"]), alg="HS256"
    ),
    "another algorithm": lambda: sign(claims(), ECKey.generate_key("P-256"), alg="ES256"),
    "unknown issuer": lambda: sign(claims(iss="https://evil.example")),
    "no issuer": lambda: sign(claims(iss=None)),
    "issuer that is no text": lambda: sign(claims(iss=["cleo-local"])),
    "another audience": lambda: sign(claims(aud="other-api")),
    "no audience": lambda: sign(claims(aud=None)),
    "expired": lambda: sign(claims(exp=int(time.time()) - 1)),
    "no expiry": lambda: sign(claims(exp=None)),
    "lives for ever": lambda: sign(claims(exp=int(time.time()) + 400 * 86400)),
    "issued in the future": lambda: sign(claims(iat=int(time.time()) + 3600, exp=int(time.time()) + 7200)),
    "not yet valid": lambda: sign(claims(nbf=int(time.time()) + 3600)),
    "an id token": lambda: sign(claims(), typ="JWT"),
    "no user": lambda: sign(claims(sub=None)),
    "empty user": lambda: sign(claims(sub="")),
    "user with a line break": lambda: sign(claims(sub="ann\nbob")),
    "user that is a number": lambda: sign(claims(sub=7)),
    "very long user": lambda: sign(claims(sub="x" * 200)),
    "user of another issuer by name": lambda: sign(claims(sub="corp|ann")),
    "brings its own key": lambda: sign(claims(), jwk=tokens._local_key().as_dict(private=False)),
    "cut": lambda: sign(claims())[:-4],
    "very long": lambda: sign(claims(junk="x" * 9000)),
    "payload that is no JSON": lambda: "eyJhbGciOiJFZDI1NTE5In0.bm90IGpzb24.AAAA",
    "deep payload": lambda: "eyJhbGciOiJFZDI1NTE5In0." + base64.urlsafe_b64encode(b"[" * 3000).decode() + ".AAAA",
}


def test_a_token_of_the_local_issuer_is_accepted(api: RunningApi) -> None:
    for token in (api.token("ann"), sign(claims())):
        response = api.client.post(f"{api.url}/graphql", json=QUERY, headers={"Authorization": f"Bearer {token}"})
        assert response.json() == {"data": {"health": {"ready": True}}}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_does_not_hold_is_refused_without_saying_why(api: RunningApi, name: str) -> None:
    response = api.client.post(f"{api.url}/graphql", json=QUERY, headers={"Authorization": f"Bearer {BAD[name]()}"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    error = response.json()["errors"][0]
    assert error["message"] in ("The token does not hold.", "A token is needed.")
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Cookie": "t=x"}]
)
def test_without_a_token_nothing_is_answered(api: RunningApi, headers: dict[str, str]) -> None:
    assert api.client.post(f"{api.url}/graphql", json=QUERY, headers=headers).status_code == 401
    in_address = api.client.post(f"{api.url}/graphql?token={api.token('ann')}", json=QUERY)
    assert in_address.status_code == 401


def test_a_token_from_before_an_erasure_is_dead_and_one_from_after_it_lives(api: RunningApi) -> None:
    ann, bob = api.user(), api.user()
    before, others = api.headers(ann), api.headers(bob)

    def status(headers: dict[str, str], path: str = "graphql") -> int:
        if path == "graphql":
            return api.client.post(f"{api.url}/graphql", json=QUERY, headers=headers).status_code
        return api.client.get(f"{api.url}/{path}", headers=headers).status_code

    assert status(before) == status(before, "health/detailed") == 200
    api.data(ann, 'mutation { eraseMyData(confirm: "ERASE") { id } }')
    assert status(before) == status(before, "health/detailed") == 401
    assert status(api.headers(ann)) == status(others) == 200


def test_one_users_things_are_not_there_for_another(api: RunningApi) -> None:
    ann, bob = api.user(), api.user()
    ask = "mutation($i: AskInput!) { ask(input: $i) { conversationId } }"
    conversation = api.data(ann, ask, {"i": {"text": "the cat", "maxTokens": 2}})["ask"]["conversationId"]
    memory = api.data(ann, 'mutation { remember(input: {content: "a secret"}) { id } }')["remember"]["id"]
    theirs = "query($c: ID!, $m: ID!) { conversation(id: $c) { id } memory(id: $m) { content } }"
    assert api.data(ann, theirs, {"c": conversation, "m": memory})["memory"]["content"] == "a secret"

    for query, variables in (
        ("query($c: ID!) { conversation(id: $c) { turns { content } } }", {"c": conversation}),
        ("query($m: ID!) { memory(id: $m) { content } }", {"m": memory}),
        (ask, {"i": {"text": "go on", "conversationId": conversation}}),
    ):
        foreign = api.post(bob, query, variables).json()
        nowhere = json.dumps(variables).replace(conversation, "0" * 32).replace(memory, "0" * 26)
        missing = api.post(bob, query, json.loads(nowhere)).json()
        assert foreign["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        # What is another's and what does not exist look the same.
        assert foreign["errors"][0]["message"] == missing["errors"][0]["message"]
    assert api.data(bob, "mutation($m: [ID!]!) { forget(ids: $m) { count } }", {"m": [memory]})["forget"]["count"] == 0
    assert api.data(bob, '{ searchMemories(query: "secret") { score } }')["searchMemories"] == []
    assert api.data(ann, theirs, {"c": conversation, "m": memory})["memory"]["content"] == "a secret"


@pytest.mark.parametrize(
    "id",
    ["../../etc/passwd", "' or 1=1 --", "*", "%", "_", "$where", "ann:1", "", " ", "a" * 65, "\u202e", "null", "{}"],
)
def test_a_hostile_id_is_simply_not_there(api: RunningApi, id: str) -> None:
    told = api.post(api.user(), "query($c: ID!) { conversation(id: $c) { id } }", {"c": id})
    assert told.status_code == 200
    assert told.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("user", ["%", "_", "ann*", "$where", "a'b", "{x}", "ännchen", "ann.", "ann_", "an"])
def test_users_whose_ids_look_alike_share_nothing(api: RunningApi, user: str) -> None:
    content = f"note of {user}"
    api.data("ann", 'mutation { remember(input: {content: "note of ann"}) { id } }')
    api.data(user, "mutation($c: String!) { remember(input: {content: $c}) { id } }", {"c": content})
    edges = api.data(user, "{ memories { edges { node { content } } } }")["memories"]["edges"]
    assert {edge["node"]["content"] for edge in edges} == {content}


def test_a_scope_that_is_missing_is_missed(api: RunningApi) -> None:
    user = api.user()
    reading = api.headers(user, scopes=["memory:read"])

    def post(query: str) -> Any:
        return api.client.post(f"{api.url}/graphql", json={"query": query}, headers=reading).json()

    assert "errors" not in post("{ memoryStats { memories } }")
    for query in (
        'mutation { remember(input: {content: "x"}) { id } }',
        'mutation { ask(input: {text: "x"}) { id } }',
        'mutation { eraseMyData(confirm: "ERASE") { id } }',
    ):
        assert post(query)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


class TestIssuers:
    """The map from issuer to keys, without a server."""

    def issuer(self, folder: Path, key: Any, **changes: Any) -> IssuerSettings:
        path = folder / "keys.json"
        path.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
        given = {
            "name": "corp",
            "issuer": "https://id.corp",
            "audience": "cleo",
            "algorithms": ("ES256",),
            "keys": path,
        }
        return IssuerSettings(**({"keys": path} | given | changes))

    def content(self, **changes: Any) -> dict[str, Any]:
        return claims(iss="https://id.corp", aud="cleo", **changes)

    def test_an_external_issuer_is_one_more_entry_and_its_users_are_its_own(self, tmp_path: Path) -> None:
        key = ECKey.generate_key("P-256")
        verifier = TokenVerifier(ServingSettings(issuers=(self.issuer(tmp_path, key),)))
        found = verifier.verify(sign(self.content(), key, alg="ES256"))
        assert found.user == "corp|ann"
        assert verifier.verify(make_token("ann", seconds=60)).user == "ann"
        with pytest.raises(InputError, match="holds no"):
            make_token("corp|ann", seconds=60)

    def test_the_key_of_one_issuer_signs_for_no_other(self, tmp_path: Path) -> None:
        key = ECKey.generate_key("P-256")
        verifier = TokenVerifier(ServingSettings(issuers=(self.issuer(tmp_path, key),)))
        with pytest.raises(Unauthenticated):
            verifier.verify(sign(claims(), key, alg="ES256"))
        with pytest.raises(Unauthenticated):
            verifier.verify(sign(self.content(), tokens._local_key()))

    def test_keys_are_rotated_by_changing_the_file(self, tmp_path: Path) -> None:
        old, new = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
        verifier = TokenVerifier(ServingSettings(issuers=(self.issuer(tmp_path, old),)))
        with pytest.raises(Unauthenticated):
            verifier.verify(sign(self.content(), new, alg="ES256"))
        (tmp_path / "keys.json").write_text(json.dumps(KeySet([new, old]).as_dict(private=False)))
        for key in (old, new):
            assert verifier.verify(sign(self.content(), key, alg="ES256", kid=key.thumbprint())).user == "corp|ann"

    def test_while_the_key_file_is_broken_the_last_good_keys_hold_and_health_says_so(self, tmp_path: Path) -> None:
        old, new = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
        verifier = TokenVerifier(ServingSettings(issuers=(self.issuer(tmp_path, old),)))
        file, whole = tmp_path / "keys.json", json.dumps(KeySet([new]).as_dict(private=False))
        for broken in ("", whole[:-20], '{"keys": []}', "{}"):
            file.write_text(broken)
            assert verifier.verify(sign(self.content(), old, alg="ES256")).user == "corp|ann"
            assert verifier.stale_issuers == ["corp"]
        file.unlink()
        assert verifier.verify(sign(self.content(), old, alg="ES256")).user == "corp|ann"
        file.write_text(whole)
        assert verifier.verify(sign(self.content(), new, alg="ES256")).user == "corp|ann"
        assert verifier.stale_issuers == []
        with pytest.raises(Unauthenticated):
            verifier.verify(sign(self.content(), old, alg="ES256"))

    @pytest.mark.parametrize(
        "content", ["", "{}", '{"keys": [{"kty": "oct", "k": "AAAA"}]}', '{"keys": 7}', "[" * 5000]
    )
    def test_a_key_file_that_is_none_is_refused_at_the_start(self, tmp_path: Path, content: str) -> None:
        issuer = self.issuer(tmp_path, ECKey.generate_key("P-256"))
        issuer.keys.write_text(content)
        with pytest.raises(ConfigError, match="cannot be read"):
            TokenVerifier(ServingSettings(issuers=(issuer,)))

    def test_a_private_key_in_the_key_file_is_refused(self, tmp_path: Path) -> None:
        key = RSAKey.generate_key(2048)
        issuer = self.issuer(tmp_path, key)
        issuer.keys.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
        with pytest.raises(ConfigError, match="cannot be read"):
            TokenVerifier(ServingSettings(issuers=(issuer,)))

    def test_a_shared_secret_is_no_algorithm_of_the_map(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="algorithms"):
            self.issuer(tmp_path, ECKey.generate_key("P-256"), algorithms=("HS256",))

    def test_without_any_issuer_the_api_does_not_start(self) -> None:
        with pytest.raises(ConfigError, match="nobody could sign in"):
            TokenVerifier(ServingSettings(local_issuer=False))

    def test_the_local_key_is_for_its_owner_alone(self, home: Path) -> None:
        make_token("ann", seconds=60)
        key = home / "keys" / "issuer" / "local.pem"
        assert key.stat().st_mode & 0o777 == 0o600
        key.chmod(0o644)
        with pytest.raises(Exception, match="chmod 600"):
            make_token("ann", seconds=60)

    def test_scopes_are_those_of_the_token(self) -> None:
        found = TokenVerifier(ServingSettings()).verify(make_token("ann", seconds=60, scopes=["chat"]))
        found.require("chat")
        with pytest.raises(Forbidden):
            found.require("memory:read")
        assert TokenVerifier(ServingSettings()).verify(sign(claims(scope=None))).scopes == frozenset()
        with pytest.raises(InputError, match="is no scope"):
            make_token("ann", seconds=60, scopes=["admin"])
