"""Street addresses as they are written in the covered languages, post boxes, units, and postal codes in context."""

from __future__ import annotations

import regex  # type: ignore[import-untyped]  # it has no stubs

from cleo_model.corpus.pii.patterns.pattern import Pattern, pattern, said

# A dot belongs to a word of up to four letters: "Str.", but not to the last word of a sentence.
CAP = r"\p{Lu}(?:\p{L}{0,3}\.|[\p{L}\p{M}'’-]*)"
SMALL = r"(?:of|the|de|del|della|delle|dei|degli|di|da|do|dos|das|du|des|la|las|le|les|los|l['’]|d['’]|e|y|et|van|von|der|den|und|en|al|el|st\.?|saint)"
GAP = r"(?:,?[ ]|,?[ ]?\n[ ]?)"
# Words of an English street; those that often mean something else need two names or a town before they are believed.
KINDS = (
    r"(?:Street|St|Avenue|Ave?|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Square|Sq|Terrace|Close|Parkway|Pkwy|Crescent|Cres|Mews"
    r"|(?:Way|Place|Pl|Court|Ct|Highway|Hwy|Circle|Cir|Trail|Trl|Row|Walk|Gardens?|Groves?|Hills?|Alley|Plaza|Loop|Turnpike|Expressway|Freeway|Heights|Green|Park|Pike|Path|Run|Ridges?|Crossing|Villas?|Islands?"
    r"|Junctions?|Stations?|Views?|Valleys?|Ville|Villages?|Manors?|Meadows?|Mills?|Mission|Mountains?|Neck|Orchard|Oval|Pass|Pines?|Plains?|Points?|Ports?|Prairie|Radial|Ranch|Rapids?|Rest|River|Shoals?"
    r"|Shores?|Springs?|Spurs?|Squares|Stravenue|Streets|Stream|Summit|Throughway|Trace|Track|Trafficway|Tunnel|Unions?|Viaduct|Vista|Walks|Wall|Wells|Woods?|Lights?|Locks?|Lodge|Mall|Motorway|Falls?|Ferry|Fields?|Flats?"
    r"|Fords?|Forest|Forges?|Forks?|Fort|Gateway|Glens?|Harbors?|Haven|Hollow|Inlet|Keys?|Knolls?|Lakes?|Land|Landing|Lane|Corners?|Course|Courts|Coves?|Creek|Crest|Curve|Dale|Dam|Divide|Drives"
    r"|Estates?|Extensions?|Brooks?|Burgs?|Bypass|Camp|Canyon|Cape|Causeway|Centers?|Cliffs?|Club|Commons?|Bayou|Beach|Bend|Bluffs?|Bottom|Branch|Bridge|Isle|Underpass|Overpass|Parkways|Passage|Skyway|Wharf"
    r"|Quay|Parade|Promenade|Esplanade|Yard|Gate|Greens|Mount|Roads|Parks|Ramp|Route|Terraces?)(?=[ ]?[,.;:?!)\n]|$|[ ](?:Apt|Apartment|Suite|Ste|Unit|Flat|in|and|is|for|by|on|to|near|today|please|last|this)\b))"
)
UNIT = r"(?:(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|Building|No|Box)\b\.?[ ]?#?[ ]?[\p{L}\p{N}-]{1,6}|#[ ]?\d{1,5}\p{L}?)"
STATES = r"(?:A[LKSZRAEP]|C[AOT]|D[EC]|F[LM]|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[ARW]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY])"
ZIP = r"\d{5}(?:-\d{4})?(?!\d)"
POSTCODE = r"(?:GIR 0AA|[A-PR-UWYZ][A-HK-Y]?\d[\dA-HJKPSTUW]?[ ]\d[ABD-HJLNP-UW-Z]{2})(?![\p{L}\p{N}])"
CANADIAN = r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]\d[ABCEGHJ-NPRSTV-Z]\d(?![\p{L}\p{N}])"
DUTCH = r"[1-9]\d{3}[ ]?[A-Z]{2}(?![\p{L}\p{N}])"
TOWN = rf"{CAP}(?:[ -](?:{CAP}|{SMALL})){{0,4}}"
CODE = rf"(?:{POSTCODE}|{CANADIAN}|{DUTCH}|(?:[A-Z]{{1,2}}-)?\d{{4,6}}(?:-\d{{3,4}})?(?!\d))"
COMMA = r"(?:,[ ]?\n?[ ]?|[ ]?\n[ ]?)"
TAIL = (
    rf"(?:{GAP}{UNIT})?(?:{COMMA}{TOWN}|[ ]{TOWN}(?=,|[ ]{STATES}\b|[ ]\d{{4}}))?(?:{COMMA}{TOWN})?(?:{GAP}{STATES}\b)?(?:{GAP}(?:{ZIP}|{POSTCODE}|{CANADIAN}))?"
    r"(?:,?[ \n](?:USA|U\.S\.A\.|United States|UK|U\.K\.|United Kingdom|Canada|Australia|England|Scotland|Wales|Ireland)\b)?"
)
CONTINENT = rf"(?:(?:{GAP}|[ ]?[-–(][ ]?){CODE}(?:(?:{GAP}|[ ]?-[ ]?){TOWN})?|{COMMA}{TOWN}(?:[ ]{CODE})?)?(?:[ ]\([A-Z]{{2}}\))?"
NUMBER = r"\d{1,5}(?:[ ]?[A-Za-z](?![\p{L}]))?(?:[-/]\d{1,4}[A-Za-z]?)?"
HOUSE = rf"(?:,?[ ](?:n[º°o.]{{1,2}}[ ]?|nr\.?[ ]|número[ ]|num\.?[ ])?{NUMBER}(?![\p{{L}}\p{{N}}%]|[.,:]\d)|,?[ ]s/n)"
L = r"(?<![\p{L}\p{N}_.,/-])"

GERMANIC = (
    r"\p{Lu}[\p{L}-]*(?:straße|strasse|str\.|stra[sß]se|weg|platz|allee|gasse|damm|ufer|chaussee|steig|graben|straat|laan|plein|gracht|kade|dijk|steeg|singel|dreef)"
    rf"|(?:\p{{Lu}}[\p{{L}}.-]*[ ]){{1,3}}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer|Straat|Laan|Plein|Gracht|Kade|Singel)"
    rf"|(?:Am|An der|An den|Auf der|Auf dem|Im|In der|Zum|Zur|Unter den|Hinter der)[ ]{CAP}(?:[ ]{CAP})?"
)
FRENCH = r"(?:rue|avenue|av\.|boulevard|bd\.?|place|chemin|impasse|allée|allee|quai|cours|route|square|passage|faubourg|villa|cité|Rue|Avenue|Av\.|Boulevard|Bd\.?|Place|Chemin|Impasse|Allée|Allee|Quai|Cours|Route|Passage|Faubourg)"
SPANISH = r"(?:[Cc]alle|C/|C\.|[Aa]venida|[Aa]vda\.?|Av\.|[Pp]laza|[Pp]za\.|[Pp]aseo|[Pp]º|[Cc]amino|[Cc]arretera|[Cc]tra\.|[Rr]onda|[Tt]ravesía|[Cc]allejón|[Gg]lorieta|[Uu]rbanización|Cañada|Rambla|Cuesta|Pasaje|Vial|Acceso|Alameda)"
ITALIAN = r"(?:[Vv]ia|[Vv]iale|[Pp]iazza|[Pp]iazzale|[Cc]orso|[Ll]argo|[Vv]icolo|[Ss]trada|[Cc]ontrada|[Bb]orgo|[Ll]ungomare|[Ss]alita|[Rr]otonda|[Ss]tretto|[Ii]ncrocio|[Cc]anale)"
PORTUGUESE = r"(?:[Rr]ua|R\.|[Aa]venida|Av\.|[Pp]raça|[Tt]ravessa|[Ll]argo|[Aa]lameda|[Ee]strada|[Rr]odovia|[Bb]eco|[Ll]adeira|[Pp]raceta|[Cc]alçada|[Qq]uinta|[Vv]iela)"
NAMED = rf"(?:{SMALL}[ ]?){{0,3}}(?:{CAP}|\d{{1,2}}[ ](?:de[ ])?{CAP})(?:[ -](?:{SMALL}[ ]?){{0,3}}{CAP}){{0,5}}"
LIVES = (
    r"(?i:\b(?:address(?:es)?(?: is| was|:| to)?|(?:live[sd]?|living|reside[sd]?|residing|stay(?:s|ing|ed)?|based|located|moved|relocated|delivered|sent|shipped|mailed|arrived) (?:at|to)|ship(?:ping)?(?: \w+){0,3} to"
    r"|deliver(?:y)?(?: \w+){0,3} (?:to|at)|meet(?: \w+){0,2} at|office(?:s)? (?:is|are) at|house at|home at|property at|visit(?: \w+){0,2} at|wohnt in|wohne in|wohnhaft in|adresse(?: ist|:)?|anschrift(?: ist|:)?|habite(?: au)?|domicili[ée]e?s?(?: au)?"
    r"|vive en|vivo en|direcci[óo]n(?: es|:)?|abito in|abita in|residente in|indirizzo(?: è|:)?|woont (?:in|aan|op)|adres(?: is|:)?|moro na|mora na|morada(?: é|:)?|endere[çc]o(?: é|:)?)[ \n]{0,2})"
)


def _is_street(value: str) -> bool:
    """Not a count of things: "3 Days Way" has no street's name before its kind."""
    return not regex.match(r"\d+ (?:The|A|An|In|On|Of|If|For|And|Or|To|No|Not|This|That|Of) ", value)


ADDRESSES: list[Pattern] = [
    pattern(
        "STREET_ADDRESS",
        rf"{L}\d{{1,6}}(?:-\d{{1,5}})?[A-Za-z]?[ ](?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?[ ])?(?:(?:{CAP}|\d{{1,3}}(?:st|nd|rd|th))[ ]){{1,4}}{KINDS}\b\.?(?:[ ](?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b\.?)?{TAIL}",
        digits=1, check=_is_street,
    ),
    pattern(
        "STREET_ADDRESS",
        rf"(?i){L}\d{{1,5}}[ ](?:(?!of|the|a|an|and|or|in|on|to|for|miles?|days?|years?|minutes?|hours?|steps?|times|more|other|way|lane|point|star|bit|byte)[\p{{L}}'’.-]+[ ]){{1,2}}(?:street|avenue|ave|road|rd|lane|drive|boulevard|blvd|terrace|court|crescent)\b(?!s)(?:,? (?:apt|suite|unit|flat|#)\.? ?\w{{1,5}})?(?:,?[ ][\p{{L}} ]{{3,20}},?[ ]{STATES}[ ]{ZIP})?",
        gate=("street", " ave", "road", " rd", "lane", "drive", "boul", "blvd", "terrace", "court", "crescent"), digits=1,
    ),
    pattern("STREET_ADDRESS", rf"\b{UNIT},?{GAP}{TOWN},[ ]{STATES}[ ]{ZIP}", digits=6),
    pattern("STREET_ADDRESS", rf"(?<![\p{{L}}\p{{N}}]){TOWN},[ ]?\n?{STATES},?[ ]{ZIP}", digits=1),
    pattern("STREET_ADDRESS", rf"(?<![\p{{L}}\p{{N}}]){TOWN}[ ]{STATES}[ ]{ZIP}", digits=1),
    pattern("STREET_ADDRESS", rf"(?<![\p{{L}}\p{{N}}_])(?:{GERMANIC}){HOUSE}{CONTINENT}", digits=1),
    pattern("STREET_ADDRESS", rf"{L}{NUMBER}(?:[ ]?(?:bis|ter|quater))?,?[ ]{FRENCH}[ ]{NAMED}{CONTINENT}", digits=1),
    pattern("STREET_ADDRESS", rf"(?<![\p{{L}}\p{{N}}]){SPANISH}[ ]?{NAMED}{HOUSE}(?:,?[ ](?:\d{{1,2}}[º°ªo]\.?[ ]?[A-Za-z]?\b|piso[ ]\d+|[Bb]ajo|[Áá]tico|puerta[ ]\w+|esc\.?[ ]\w+)){{0,3}}{CONTINENT}", digits=1),
    pattern("STREET_ADDRESS", rf"(?<![\p{{L}}\p{{N}}]){ITALIAN}[ ]{NAMED}{HOUSE}(?:,?[ ](?:int|interno|scala|piano|appartamento)\.?[ ]\w{{1,3}}){{0,2}}{CONTINENT}", digits=1),
    pattern("STREET_ADDRESS", rf"(?<![\p{{L}}\p{{N}}]){PORTUGUESE}[ ]{NAMED}{HOUSE}(?:,?[ ](?:\d{{1,2}}[º°ª]\.?[ ]?(?:[A-Za-z]{{1,4}}\.?)?|apto\.?[ ]\d+|bloco[ ]\w+)){{0,3}}{CONTINENT}", digits=1),
    # What stands after "lives at" and holds a number, whatever its language.
    pattern("STREET_ADDRESS", rf"{LIVES}(?P<v>\d{{1,6}}[A-Za-z]?(?:[-/]\d+)?,?[ ](?:{CAP}|{SMALL}|\d{{1,6}}[A-Za-z]?)(?:{GAP}(?:{CAP}|{SMALL}|\d{{1,6}}(?:-\d{{3,4}})?[A-Za-z]?(?:\.(?=\n))?)(?![\p{{L}}\p{{N}}])){{0,10}})", digits=1),
    pattern("STREET_ADDRESS", rf"{LIVES}(?P<v>(?:{CAP}[ ]){{1,4}}\d{{1,5}}[A-Za-z]?(?:{GAP}(?:{CAP}|{SMALL}|\d{{1,6}}(?:-\d{{3,4}})?)(?![\p{{L}}\p{{N}}])){{0,8}})", digits=1),
    # Boxes, and the post of the armed forces.
    pattern("STREET_ADDRESS", rf"(?i)(?<!\p{{L}})(?:P\.?[ ]?O\.?[ ]?Box|Post Office Box|PO Box|Postfach|Apartado(?: de correos| postal)?|Casella [Pp]ostale|Postbus|Caixa [Pp]ostal|Boîte [Pp]ostale|GPO Box|Locked Bag)[ ]?#?(?:n[º°.]?[ ])?\d[\d ]{{0,7}}\d?(?-i:{TAIL})", gate=("box", "postfach", "apartado", "casella", "postbus", "caixa", "postale", "locked bag"), digits=1),
    pattern("STREET_ADDRESS", rf"(?i:(?<!\p{{L}})(?:PSC|CMR|Unit)[ ]\d{{1,5}},?[ ](?:Box|Bx)[ ]\d{{1,6}}|USN[SV][ ]\p{{L}}+)(?:{GAP}(?:APO|FPO|DPO)[ ,]+A[AEP][ ]?,?\d{{5}}(?:-\d{{4}})?)?", gate=("psc", "cmr", "unit", "usns", "usnv"), digits=1),
    pattern("STREET_ADDRESS", r"(?<!\p{L})(?:APO|FPO|DPO)[ ,]{1,2}A[AEP][ ,]{1,2}\d{5}(?:-\d{4})?", digits=1),
    pattern("STREET_ADDRESS", r"(?<!\p{L})(?i:Apt|Apartment|Suite|Ste)\b\.?[ ]#?\d{1,5}[A-Za-z]?(?![\p{L}\p{N}%]|[.,:]\d)", gate=("apt", "apartment", "suite", "ste"), digits=1),
    pattern("ZIP_CODE", rf"(?<![\p{{L}}\p{{N}}_/.-]){POSTCODE}", digits=1),
    pattern("ZIP_CODE", rf"(?<![\p{{L}}\p{{N}}_/.-]){CANADIAN}", digits=1),
    pattern("ZIP_CODE", said(r"zip ?codes?|zip|post ?codes?|postal codes?|postleitzahl|plz|code postal|c\.?p\.?|c[óo]digo postal|cap|cep|eircode|pin ?code", r"(?=[^\n]{0,5}\d)(?:[A-Z]{1,2}-)?[A-Z0-9]{2,5}(?:[ -]?[A-Z0-9]{2,4})?(?![\p{L}\p{N}]|[.,]\d)"),
            gate=("zip", "post", "plz", "code", "cp", "c.p", "código", "codigo", "cap", "cep"), digits=1),
]  # fmt: skip
