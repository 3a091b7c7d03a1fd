"""E-mail addresses, also those written out against robots: "ann [at] example.org", "ann at example dot org"."""

from __future__ import annotations

from functools import cache

import regex  # type: ignore[import-untyped]  # it has no stubs
from tldextract import TLDExtract

from cleo_model.corpus.pii.patterns.pattern import pattern

LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?"
# Not the host of "scheme://user:password@host".
LOCAL = r"(?<![\p{L}\p{N}_.+%-])(?<!://[^\s/@]{0,80})[\p{L}\p{N}_][\p{L}\p{N}_.+%'’&=-]{0,63}"
AT = r"[ ]?(?:\[[ ]?(?:at|@|ät)[ ]?\]|\([ ]?(?:at|@|ät)[ ]?\)|\{[ ]?(?:at|@|ät)[ ]?\}|<[ ]?(?:at|@)[ ]?>)[ ]?"
DOT = r"(?:\.|[ ]?[\[({<][ ]?(?:dot|\.|punkt|point|punto|punt|ponto)[ ]?[\])}>][ ]?|[ ](?:dot|punkt|punto)[ ])"
SHELL = ("git", "hg", "svn", "ssh")
"""Accounts that a program logs in with: "git@github.com:org/project"."""


MACHINE = frozenset(
    (*SHELL, "admin", "administrator", "ansible", "backup", "build", "buildbot", "centos", "ci", "daemon", "debian",
     "deploy", "dev", "docker", "ec2-user", "fedora", "gitlab-runner", "guest", "jenkins", "mail", "mysql", "nagios",
     "nobody", "noreply", "no-reply", "ops", "oracle", "pi", "postgres", "puppet", "root", "runner", "service", "svc",
     "system", "test", "ubuntu", "user", "vagrant", "www-data")
)  # fmt: skip
"""Accounts that nobody is behind, on a host that only its own network knows."""


@cache
def suffixes() -> TLDExtract:
    """The public suffix list of the package: it never reaches for the network."""
    return TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)


@cache
def has_public_suffix(host: str) -> bool:
    """Whether a host could be reached by everybody: not `node1.internal`, `build.corp.lan` or `1.2.0`."""
    parts = suffixes()(host)
    return bool(parts.suffix and parts.domain)


def is_account_of_a_machine(value: str) -> bool:
    """Whether it is the login of a machine: `deploy@node1.internal`, `admin@build.corp.lan`."""
    local, _, host = value.lower().rpartition("@")
    return local in MACHINE and not has_public_suffix(host)


def _is_address(value: str) -> bool:
    local, _, host = value.rpartition("@")
    return local.lower() not in SHELL and has_public_suffix(host.lower())


def _is_written_out(value: str) -> bool:
    host = regex.split(rf"(?i){AT}|[ ]at[ ]|[ ]?@[ ]?", value)[-1]
    plain = regex.sub(rf"(?i){DOT}|[ ]?\.[ ]?", ".", host)
    return " " not in plain and has_public_suffix(plain.lower())


MAIL = [
    # An address in a shell's "user@host:path" is a login.
    pattern(
        "EMAIL_ADDRESS",
        rf"{LOCAL}@(?:{LABEL}\.)+[\p{{L}}][\p{{L}}\p{{N}}-]{{1,23}}(?!\.?[\p{{L}}\p{{N}}_]|:[~\w]*/)",
        gate=("@",),
        check=_is_address,
    ),
    pattern("EMAIL_ADDRESS", rf'"[\w .+-]{{1,40}}"@(?:{LABEL}\.)+\p{{L}}{{2,24}}\b', gate=('"@',)),
    pattern(
        "EMAIL_ADDRESS",
        rf"(?i){LOCAL}{AT}{LABEL}(?:{DOT}{LABEL}){{1,4}}\b",
        gate=("at]", "at)", "at}", "at ]", "at )", "[@", "(@", "[ @", "( @", "ät)", "ät]", "at>", "{@"),
        check=_is_written_out,
    ),
    pattern(
        "EMAIL_ADDRESS",
        rf"(?i){LOCAL}[ ]at[ ]{LABEL}(?:[ ]dot[ ]{LABEL}){{1,4}}\b",
        gate=(" dot ",),
        check=_is_written_out,
        near=r"e-?mails?|mail|write|wrote|reach|contact|send|address|gmail|yahoo|outlook|hotmail|me",
    ),
    pattern(
        "EMAIL_ADDRESS",
        rf"(?i){LOCAL}[ ]?@[ ]?{LABEL}(?:[ ]\.[ ]{LABEL}){{1,3}}\b",
        gate=(" . ",),
        check=_is_written_out,
    ),
]
