"""Names and addresses of the world: Faker's lists in many locales, lists of our own, the territories of Babel."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from anyascii import anyascii
from babel import Locale
from faker import Faker

# Locales that are drawn in a text of each language about half of the time; the other half comes from everywhere.
HOME = {
    "en": ("en_US", "en_US", "en_GB", "en_AU", "en_CA", "en_IN", "en_IE", "en_NZ"),
    "de": ("de_DE", "de_AT", "de_CH"),
    "fr": ("fr_FR", "fr_BE", "fr_CH", "fr_CA"),
    "es": ("es_ES", "es_MX", "es_CO", "es_AR", "es_CL"),
    "it": ("it_IT",),
    "nl": ("nl_NL", "nl_BE"),
    "pt": ("pt_BR", "pt_PT"),
}
LATIN = (
    "en_US", "en_GB", "en_AU", "en_CA", "en_IN", "en_IE", "en_NZ", "en_PH", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_BE",
    "fr_CH", "fr_CA", "es_ES", "es_MX", "es_CO", "es_AR", "es_CL", "it_IT", "nl_NL", "nl_BE", "pt_BR", "pt_PT", "pl_PL",
    "cs_CZ", "sk_SK", "hu_HU", "fi_FI", "sv_SE", "no_NO", "da_DK", "ro_RO", "hr_HR", "sl_SI", "tr_TR", "et_EE", "lv_LV",
    "lt_LT", "az_AZ", "vi_VN", "id_ID", "fil_PH", "sq_AL", "ga_IE", "en_NG", "yo_NG", "ha_NG", "ig_NG", "tw_GH",
    "zu_ZA", "en_PK", "uz_UZ",
)  # fmt: skip
OTHER_SCRIPTS = (
    "ru_RU", "uk_UA", "bg_BG", "el_GR", "el_CY", "ar_AA", "ar_SA", "he_IL", "fa_IR", "zh_CN", "zh_TW", "ja_JP", "ko_KR",
    "hi_IN", "ta_IN", "bn_BD", "ne_NP", "th_TH", "hy_AM", "ka_GE",
)  # fmt: skip
# Without vowels in the script, letter by letter gives no name that anybody writes.
NOT_TRANSLITERATED = ("ar_AA", "ar_SA", "he_IL", "fa_IR", "th_TH")
ADDRESSES = (
    "en_US", "en_GB", "en_AU", "en_CA", "en_IN", "en_IE", "en_NZ", "en_PH", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_CH",
    "fr_CA", "es_ES", "es_MX", "es_CO", "es_AR", "es_CL", "it_IT", "nl_NL", "nl_BE", "pt_BR", "pt_PT", "pl_PL", "cs_CZ",
    "sk_SK", "hu_HU", "fi_FI", "sv_SE", "no_NO", "da_DK", "ro_RO", "hr_HR", "sl_SI", "tr_TR", "et_EE", "id_ID", "vi_VN",
)  # fmt: skip
ADDRESSES_TRANSLITERATED = ("ru_RU", "uk_UA", "bg_BG", "el_GR", "ja_JP", "ko_KR", "zh_CN", "hi_IN", "ka_GE")


@cache
def words(name: str) -> Any:
    """One of the lists in `values/`."""
    return yaml.safe_load((files(__package__) / "values" / f"{name}.yaml").read_text(encoding="utf-8"))


def _flat(values: Any) -> list[str]:
    if isinstance(values, property):  # put together by the provider, from lists that are gathered too
        return []
    return [str(value) for value in (values.keys() if isinstance(values, Mapping) else values)]


def _provider(kind: str, locale: str) -> Any:
    try:
        return importlib.import_module(f"faker.providers.{kind}.{locale}").Provider
    except ImportError:
        return None


def _gathered(provider: Any, fields: Iterable[str]) -> tuple[str, ...]:
    found = {name for field in fields for name in _flat(getattr(provider, field, ()) or ())}
    return tuple(sorted(name for name in found if name and len(name) < 30))


FEWEST = 15
"""Names that a locale must list to be worth drawing from."""
GIVEN = ("first_names", "first_names_male", "first_names_female", "first_names_unisex")
FAMILY = ("last_names", "last_names_male", "last_names_female", "last_names_unisex")


@cache
def cultures() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Given and family names of each culture; those of other scripts also in ours, as NAME-latin."""
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for locale in (*LATIN, *OTHER_SCRIPTS):
        provider = _provider("person", locale)
        given, family = _gathered(provider, GIVEN), _gathered(provider, FAMILY)
        if min(len(given), len(family)) < FEWEST:
            continue
        found[locale] = given, family
        if locale in OTHER_SCRIPTS and locale not in NOT_TRANSLITERATED:
            latin = [
                tuple(sorted({anyascii(name).strip("'").capitalize() for name in names})) for names in found[locale]
            ]
            found[f"{locale}-latin"] = latin[0], latin[1]
    for culture, lists in words("names").items():
        given, family = (tuple(name.replace("_", " ") for name in lists[kind].split()) for kind in ("given", "family"))
        found[culture] = given, family
    return found


@cache
def world() -> tuple[str, ...]:
    """Every culture as often as it should be drawn: those in other scripts seldom, our own lists more often."""
    names = cultures()
    own = set(words("names"))
    weights = {name: 3 if name in own else (1 if name in OTHER_SCRIPTS else 2) for name in names}
    return tuple(name for name, weight in weights.items() for _ in range(weight))


@cache
def fakers(locale: str) -> Any:
    """Faker in a locale, made once: making it costs more than a thousand draws."""
    return Faker(locale)


@cache
def cities(locale: str) -> tuple[str, ...]:
    """Cities of a locale that Faker lists, if it does."""
    provider = _provider("address", locale)
    return _gathered(provider, ("cities", "city_names", "towns", "municipalities"))


@cache
def countries(language: str) -> tuple[str, ...]:
    """Names of the territories in a language, without codes of regions."""
    territories = Locale(language).territories
    return tuple(sorted(str(name) for code, name in territories.items() if len(code) == 2 and len(str(name)) < 28))
