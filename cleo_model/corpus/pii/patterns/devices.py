"""What a person owns: vehicles, devices, network cards; and where they are, as coordinates."""

from __future__ import annotations

import regex  # type: ignore[import-untyped]  # it has no stubs
from stdnum import imei

from cleo_model.corpus.pii.patterns.pattern import pattern, said

R = r"(?![\p{L}\p{N}_])"
PLATE = r"(?=[^\d\n]{0,8}\d)[A-ZÄÖÜ0-9]{1,8}(?:[ ·•-]{1,2}[A-ZÄÖÜ0-9]{1,4}){0,3}" + R
SERIAL = r"(?=[A-Za-z-]{0,9}\d)(?i:[A-Z0-9](?:[-:/]?[A-Z0-9]){5,39})" + R
# The weights and values of the check digit of a vehicle, ISO 3779 as North America uses it.
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VALUES = {
    c: int(v) for c, v in zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", "123456781234579234567890123456789", strict=False)
}
VALUES |= {str(digit): digit for digit in range(10)}
VALUES |= dict(zip("STUVWXYZ", (2, 3, 4, 5, 6, 7, 8, 9), strict=True))


def _is_vin(value: str) -> bool:
    value = value.upper()
    if sum(char.isdigit() for char in value) < 4 or sum(char.isalpha() for char in value) < 3:
        return False
    rest = sum(VALUES[char] * weight for char, weight in zip(value, WEIGHTS, strict=True)) % 11
    return value[8] == ("X" if rest == 10 else str(rest))


def _is_mac(value: str) -> bool:
    digits = regex.sub("[^0-9a-f]", "", value.lower())
    return len(set(digits)) > 2


def _is_place(value: str) -> bool:
    first, second = (float(number) for number in regex.findall(r"[-+]?\d{1,3}\.\d+", value)[:2])
    return abs(first) <= 90 and abs(second) <= 180 and (first, second) != (0, 0)


def _is_pair(value: str) -> bool:
    """Two numbers as maps write them: both beyond one, as many places in both; numbers of a computation are seldom so."""
    first, second = (number.strip() for number in value.split(","))
    alike = len(first.partition(".")[2]) == len(second.partition(".")[2])
    return alike and abs(float(first)) > 1 and abs(float(second)) > 1 and _is_place(value)


LAT = r"[-+]?\d{1,2}\.\d{3,}"
DEGREES = r"\d{1,3}(?:\.\d+)?[ ]?°[ ]?(?:\d{1,2}(?:\.\d+)?[ ]?['’′][ ]?)?(?:\d{1,2}(?:\.\d+)?[ ]?(?:\"|”|″|''))?[ ]?"

DEVICES = [
    pattern("VEHICLE_ID", r"(?<![\p{L}\p{N}_])[A-HJ-NPR-Z0-9]{17}(?![\p{L}\p{N}_])", digits=1, check=_is_vin),
    pattern(
        "VEHICLE_ID",
        said(r"vin|chassis|vehicle identification|fahrgestell\p{L}*|fin|bastidor|telaio|chassisnummer|châssis", r"(?i:[A-HJ-NPR-Z0-9]{17})" + R),
        gate=("vin", "chassis", "vehicle", "fahrgestell", "fin", "bastidor", "telaio", "châssis"),
        digits=1,
    ),
    pattern(
        "VEHICLE_ID",
        said(
            r"(?:licen[cs]e|number|registration|car|vehicle) plates?|plates?|registration(?: (?:mark|number))?|reg(?: (?:no|number|plate))|tag number"
            r"|(?:amtliches |kfz-)?kennzeichen|nummernschild|immatriculation|plaque|matr[íi]cula|targa|kenteken|placa",
            PLATE,
        ),
        gate=("plate", "regist", "reg ", "tag number", "kennzeichen", "nummernschild", "immatric", "plaque", "matr", "targa", "kenteken", "placa"),
        digits=1,
    ),
    pattern("DEVICE_ID", r"(?<![\p{L}\p{N}_.])\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d(?![\p{L}\p{N}_])", digits=6, check=imei.is_valid, near="imei|device|phone|handset|mobile"),
    pattern("DEVICE_ID", said("imei(?:sv)?|meid|imsi|iccid|esn", r"\d(?:[ -]?\d){13,19}" + R), gate=("imei", "meid", "imsi", "iccid", "esn"), digits=6),
    pattern(
        "DEVICE_ID",
        said(
            r"serial(?: (?:no|number|#))?(?: (?:of|for|on) [\p{L}'’ ]{2,30}?)?|s/n|device (?:id|identifier|serial)|udid|uuid of (?:my|the) (?:device|phone)|asset tag|advertising id|idfa|gaid|android id"
            r"|seriennummer|geräte-?(?:id|nummer)|num[ée]ro de s[ée]rie|n[úu]mero de s[ée]rie|numero di serie|serienummer",
            SERIAL,
        ),
        gate=("serial", "s/n", "device", "udid", "uuid", "asset tag", "advertising", "idfa", "gaid", "android id", "serien", "gerät", "serie", "série"),
        digits=1,
    ),
    pattern("MAC_ADDRESS", r"(?i)(?<![\p{L}\p{N}:-])(?:[0-9A-F]{2}(?P<s>[:-]))(?:[0-9A-F]{2}(?P=s)){4}[0-9A-F]{2}(?![\p{L}\p{N}:]|-[\p{L}\p{N}])", digits=1, check=_is_mac),
    pattern("MAC_ADDRESS", r"(?i)(?<![\p{L}\p{N}.])[0-9A-F]{4}\.[0-9A-F]{4}\.[0-9A-F]{4}(?![\p{L}\p{N}.])", digits=1, check=_is_mac, near="mac|ethernet|hardware|hw|wi-?fi|interface|device|address"),
    pattern(
        "COORDINATES",
        rf"(?<![\p{{L}}\p{{N}}_.\[]){LAT}[,;]?[ ]+[-+]?\d{{1,3}}\.\d{{3,}}(?![\d.eE])|(?<![\p{{L}}\p{{N}}_.\[]){LAT},[-+]?\d{{1,3}}\.\d{{3,}}(?![\d.eE])",
        digits=1,
        check=_is_place,
        near=r"lat(?:itude)?(?:/lon\p{L}*)?|lon(?:gitude)?|lng|gps|coord(?:inate)?s?|geo\p{L}*|location|located|maps?|pin|home|live|koordinaten|standort|coordonn[ée]es|coordenadas|coordinate|posizione|co[öo]rdinaten|locatie",
        gate=("lat", "lon", "gps", "coord", "geo", "locat", "map", "pin", "koord", "standort", "posiz", "coörd", "home", "live"),
    ),
    pattern("COORDINATES", r"(?<![\p{L}\p{N}_.\[-])[-+]?\d{1,2}\.\d{4,7},[ ]?[-+]?\d{1,3}\.\d{4,7}(?![\p{L}\p{N}]|\.\d|,[ ]?[-+]?\d)", digits=1, check=_is_pair),
    pattern("COORDINATES", rf"(?<![\p{{L}}\p{{N}}_.]){DEGREES}[NS][, ]{{1,3}}{DEGREES}[EWO](?!\p{{L}})", gate=("°",), digits=1),
    pattern(
        "COORDINATES",
        rf"(?i:lat(?:itude)?[ :=]{{1,3}})(?P<v>{LAT}[,; \n]{{1,3}}(?i:lon(?:gitude)?|lng)[ :=]{{1,3}}[-+]?\d{{1,3}}\.\d+)",
        gate=("lat",),
        digits=1,
    ),
]  # fmt: skip
