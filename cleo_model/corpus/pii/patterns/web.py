"""What leads to a person on the net: profile pages, user names, network addresses."""

from __future__ import annotations

import ipaddress

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.patterns.lists import listed
from cleo_model.corpus.pii.patterns.mail import has_public_suffix
from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern

LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?"
HOST = rf"(?:{LABEL}\.)+\p{{L}}[\p{{L}}\p{{N}}-]{{1,23}}"
SCHEME = r"(?:https?|ftp)://"
END = r"(?<![.,;:!?)'\"»”’>\]])"
PATH = rf"[^\s<>\"'`\]\[{{}}|\\^»”]*{END}"
SOCIAL = (
    r"(?:linkedin\.com/(?:in|pub)/|(?:facebook|fb)\.com/|instagram\.com/|(?:twitter|x)\.com/|tiktok\.com/@|youtube\.com/(?:@|c/|user/|channel/)|github\.com/|gitlab\.com/|bitbucket\.org/|t\.me/|telegram\.me/|medium\.com/@|pinterest\.\w{2,3}/"
    r"|reddit\.com/(?:u|user)/|snapchat\.com/add/|twitch\.tv/|vk\.com/|xing\.com/profile/|keybase\.io/|quora\.com/profile/|stackoverflow\.com/users/|soundcloud\.com/|venmo\.com/|paypal\.me/|cash\.app/\$|wa\.me/|calendly\.com/|flickr\.com/(?:people|photos)/|about\.me/|linktr\.ee/|strava\.com/athletes/|goodreads\.com/user/"
    r"|open\.spotify\.com/user/|steamcommunity\.com/(?:id|profiles)/|threads\.net/@|bsky\.app/profile/|researchgate\.net/profile/|orcid\.org/|behance\.net/|dribbble\.com/|kaggle\.com/|huggingface\.co/|onlyfans\.com/|patreon\.com/|ko-fi\.com/|skype:)"
)
# One part of a path after these hosts is an account; more of it is a project, a post or a page.
ACCOUNT = r"[\p{L}\p{N}_.%~-]{2,60}"
PAGES = listed("not_accounts")
PERSONAL = r"(?:my|his|her|their|our|personal|own|meine|mon|mi|mio|mia|mijn|meu|minha)[ ](?:\p{L}+[ ]){0,2}?(?:web ?sites?|sites?|homepage|home ?page|blog|profile|page|portfolio|channel|url|link|domain|webseite|site ?web|p[áa]gina(?: web)?|sito|pagina|p[áa]gina|website)"
NAMED = r"(?:[Uu]ser ?names?|[Uu]ser ?ids?|[Ll]ogin(?: name)?|[Hh]andle|[Ss]creen ?name|[Nn]ick ?name|[Gg]amertag|[Aa]ccount name|IGN|[Bb]enutzername|[Nn]utzername|[Ii]dentifiant|[Pp]seudo|[Nn]ombre de usuario|[Uu]suario|[Nn]ome utente|[Uu]tente|[Gg]ebruikersnaam|[Nn]ome de (?:utilizador|usuário)|[Uu]tilizador|[Uu]suário|USERNAME|LOGIN)"
NETWORKS = r"(?:[Tt]witter|[Ii]nstagram|[Ii]nsta|IG|[Ss]nap(?:chat)?|[Tt]elegram|[Dd]iscord|[Ss]kype|[Gg]it[Hh]ub|[Tt]ik[Tt]ok|[Rr]eddit|[Tt]witch|[Mm]astodon|[Tt]hreads|[Vv]enmo|[Cc]ash ?[Aa]pp|[Kk]ik|[Ww]e[Cc]hat|LINE|[Ss]team|PSN|[Xx]box|[Bb]luesky|[Kk]eybase|[Ss]lack)"
HANDLE = r"[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,38}[\p{L}\p{N}_])(?:#\d{4})?"
DOCUMENTATION = tuple(
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "0.0.0.0/8", "240.0.0.0/4")
)
KNOWN = frozenset(
    ["8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "1.2.3.4", "4.3.2.1", "127.0.0.1", "2001:4860:4860::8888"]
)
"""Public resolvers and numbers that stand for any address."""


def is_personal_address(value: str) -> bool:
    """Whether a network address may be somebody's: not this machine's, a whole network, or kept for documentation."""
    plain, _, bits = value.partition("/")
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
        if bits and ipaddress.ip_network(value, strict=False).network_address == address and bits not in ("32", "128"):
            return False
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast or plain in KNOWN:
        return False
    if address.version == 6 and len([group for group in plain.split(":") if group]) < 3:
        return False
    return not any(address in net for net in DOCUMENTATION if net.version == address.version)


def _is_public_address(value: str) -> bool:
    return is_personal_address(value) and ipaddress.ip_address(value.partition("/")[0]).is_global


def _is_six(value: str) -> bool:
    return regex.search(r"\d", value) is not None and is_personal_address(value)


MODEL_PAGE = regex.compile(
    r"(?i)huggingface\.co/(?:(?:models|datasets|spaces|docs|papers|blog|collections|learn|course|tasks|posts)\b"
    r"|(?:albert|bart|bert|camembert|ctrl|distil|electra|facebook-bart|flaubert|gpt|layoutlm|longformer|mbart|mt5|openai-gpt"
    r"|pegasus|reformer|roberta|t5|transfo-xl|xlm|xlnet)[\w.-]*/?(?:[?#]|$))"
)
"""Lists of models, and models that stand under no account."""


def is_model_page(value: str) -> bool:
    return MODEL_PAGE.search(value) is not None


def _is_account(value: str) -> bool:
    if is_model_page(value):
        return False
    last = regex.split(r"[/:@$]", value.rstrip("/"))[-1].split("?")[0].lower()
    return len(last) > 1 and last not in PAGES


def _is_handle(value: str) -> bool:
    plain = value.strip("@.,;:\"'")
    if plain.lower() in NOT_HANDLES or regex.match(r"(?:self|os|request|settings|user|str|models)\.", plain):
        return False
    return regex.search(r"[\d_]|\p{Ll}\p{Lu}|[a-z][.-][a-z]", plain) is not None or plain.islower()


NOT_HANDLES = listed("not_handles")
NOT_SITES = regex.compile(
    r"(?:www\.)?(?:example|python|w3|ietf|mozilla|wikipedia|github|google|microsoft|readthedocs|pypi|unicode|gnu|kernel|apache)\.(?:com|org|net|io)",
    regex.IGNORECASE,
)


def _is_site(value: str) -> bool:
    host = regex.sub(r"(?i)^(?:https?|ftp)://", "", value).split("/")[0].split(":")[0]
    return has_public_suffix(host.lower())


V4 = r"(?<![\p{L}\p{N}_.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\p{L}\p{N}_-]|\.\d)(?:/\d{1,2}\b)?"
WEB: list[Pattern] = [
    pattern("IP_ADDRESS", V4, digits=1, check=_is_public_address),
    pattern("IP_ADDRESS", V4, digits=1, check=is_personal_address, near=r"ips?|ip ?addr(?:ess)?|ip-adresse|adresse ip|direcci[óo]n ip|my (?:machine|laptop|pc|computer|server|router|printer)|logged|login|signed|client|visitor|user|from address"),
    pattern("IP_ADDRESS", r"(?i)(?<![\p{L}\p{N}_:.])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){0,6}(?::)?(?:/\d{1,3})?(?![\p{L}\p{N}_:])", digits=1, check=_is_six),
    pattern("URL", rf"(?i)(?<![\p{{L}}\p{{N}}_@.-])(?:{SCHEME})?(?:(?:www|m|[a-z]{{2}})\.)?{SOCIAL}{ACCOUNT}(?=/?(?:[?#][^\s\"'<>)]{{0,200}})?(?:[\s\"'<>),;:!?»”’`*\]|]|\.(?:\s|$)|$)){PATH}",
            gate=(".com/", ".org/", ".me/", ".tv/", ".io/", ".app/", ".net/", ".ee/", ".co/", "skype:", ".pinterest", "pinterest."), check=_is_account),
    pattern("URL", rf"{SCHEME}{HOST}/~\p{{L}}[\p{{L}}\p{{N}}_.-]{{1,40}}(?:/{PATH})?", gate=("/~",)),
    pattern("URL", rf"{SCHEME}[^\s/@\"'<>{{}}:]{{1,64}}(?::[^\s/@\"'<>{{}}]{{0,128}})?@{HOST}{PATH}", gate=("://",)),
    pattern("URL", rf"{SCHEME}[^\s\"'<>]{{0,300}}[?&](?:user(?:name|_?id)?|email|e-?mail|phone|login|account|name(?==[^\s&]*(?:\p{{Lu}}|[+%]))|uid|customer_?id)=[^\s&\"'<>{{}}$%]{{2,100}}{PATH}", gate=("?", "&")),
    pattern("URL", rf"(?i)(?<![\p{{L}}\p{{N}}_])(?:{PERSONAL})(?:[ ](?:is|at|on|ist|est|es|è|é|under|can be found at|lives at)|:)?:?[ ]{{0,2}}(?P<v>(?:{SCHEME})?{HOST}{PATH})",
            gate=("my ", "his ", "her ", "their ", "our ", "personal ", "own ", "mein", "mon ", "mi", "meu", "minha"), check=_is_site),
    pattern("USERNAME", rf"(?<![\p{{L}}\p{{N}}_.]){NAMED}(?:[ ](?:is|was|ist|est|es|è|é)[ ]|[ ]?[:=][ ]{{1,2}}|[ ](?=\S*\d))[\"'`“]?(?P<v>@?{HANDLE})(?![\p{{L}}\p{{N}}_(\[=])", check=lambda value: _is_handle(value) and regex.search(r"\d|_|\p{Ll}[.-]\p{Ll}", value) is not None,
            gate=("user", "login", "handle", "screen", "nick", "gamertag", "account name", "ign", "name", "identifiant", "pseudo", "usuario", "utente", "gebruik", "utilizador", "usuário")),
    pattern("USERNAME", rf"(?i)\b(?:my|his|her|their|the|mein|mon|mi|il mio|mijn|meu|o meu)[ ](?:\p{{L}}+[ ]){{0,2}}?(?:user ?name|user ?id|login|handle|screen ?name|gamertag|nick(?:name)?|benutzername|nutzername|identifiant|pseudo|usuario|nome utente|gebruikersnaam|utilizador|usuário)(?:[ ](?:is|was|on \p{{L}}+ is|ist|est|es|è|é)|:)[ ][\"'`“]?(?P<v>@?{HANDLE})(?![\p{{L}}\p{{N}}_(])", check=_is_handle,
            gate=("user", "login", "handle", "screen", "gamertag", "nick", "name", "identifiant", "pseudo", "usuario", "gebruik", "utilizador", "usuário")),
    pattern("USERNAME", r"(?<![\p{L}\p{N}_.])(?:[Uu]ser|[Aa]ccount|[Mm]ember|[Ll]ogin)[ ][\"'`]?(?P<v>\p{Ll}{3,20}[._-]?\p{Ll}{0,20}\d{2,4})(?![\p{L}\p{N}_(\[=/.])", digits=1, gate=("user", "account", "member", "login")),
    pattern("USERNAME", rf"{NETWORKS}(?:[ ](?:handle|user(?:name)?|account|id|name|tag))?(?:[ ](?:is|as|at))?[ ]?[:=]?[ ]{{0,2}}(?P<v>@{HANDLE})(?![\p{{L}}\p{{N}}_(])", gate=("@",)),
    pattern("USERNAME", rf"{NETWORKS}[ ](?:handle|user(?:name)?|account|id|name|tag)(?:[ ]is|:)[ ]{{1,2}}(?P<v>@?{HANDLE})(?![\p{{L}}\p{{N}}_(])", check=_is_handle),
    pattern("USERNAME", rf"(?<![\p{{L}}\p{{N}}_.@/])(?P<v>@{HANDLE})(?![\p{{L}}\p{{N}}_(@/]|\.\w)", gate=("@",),
            near=r"follow(?:ed|ing)?|tweet(?:ed|s)?|dm|rt|insta(?:gram)?|twitter|tiktok|snapchat|telegram|my handle|tagged"),
]  # fmt: skip

SITES: list[Pattern] = [
    pattern("URL", rf"(?i)\b(?:web ?sites?|homepage|home page|site|blog|url|webpage|portfolio|webseite|site web|sito|p[áa]gina web|domain)(?:[ ](?:is|at|ist|est|es|è|é))?[ ]?:?[ \n]{{0,2}}(?P<v>(?:{SCHEME})?(?:www\.)?{HOST}{PATH})", check=_is_site,
            gate=("web", "home", "site", "blog", "url", "portfolio", "sito", "página", "pagina", "domain")),
    pattern("URL", rf"(?<![\p{{L}}\p{{N}}_@])(?P<v>{SCHEME}{HOST}(?::\d+)?/?)(?=[\s.,;:!?)'\"»”]|$)", gate=("://",), check=lambda value: _is_site(value) and NOT_SITES.search(value) is None),
    pattern("URL", rf"(?<![\p{{L}}\p{{N}}_@/.])(?P<v>www\.{HOST})(?![\p{{L}}\p{{N}}_/-])", gate=("www.",), check=lambda value: _is_site(value) and NOT_SITES.search(value) is None),
]  # fmt: skip
