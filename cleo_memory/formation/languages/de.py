"""German."""

from cleo_memory.formation.grammar import Language

MONTH = r"(?:januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember)"
DATE = (
    rf"(?:(?:nächsten |kommenden |diesen )?(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)|\d{{1,2}}\. ?(?:{MONTH}\b|\d{{1,2}}\.?)(?: ?\d{{4}})?|{MONTH}\b(?: \d{{4}})?"
    r"|\d{4}-\d\d-\d\d|(?:19|20)\d\d|morgen|übermorgen|heute abend|nächste[nrs]? (?:woche|monat|jahr|wochenende|frühling|sommer|herbst|winter)|im (?:frühling|sommer|herbst|winter)"
    r"|in (?:einem|einer|zwei|drei|vier|fünf|\d+) (?:tagen?|wochen?|monaten?|jahren?)|weihnachten|ostern|\d{1,2}(?::\d\d)? uhr|\d{1,2}:\d\d)"
)
WORDS = {
    "I": r"\b(?:ich|wir)",
    "adv": r"(?: (?:jetzt|nun|heute|derzeit|momentan|aktuell|zurzeit|auch|schon|noch|immer|sehr|wirklich|echt|eigentlich|übrigens|gerade|seit kurzem|inzwischen|mittlerweile|leider|am liebsten|meistens|total|unheimlich|besonders|gern|gerne|oft|nur|ja|nämlich|halt|endlich|selbst|hier|dort|seit \w+(?: \w+){0,2}|immer noch|zusammen|allein|alleine))*",
    "my": r"\b(?:mein(?:e[nmrs]?)?|unser(?:e[nmrs]?)?)",
    "is": r"(?: ist| sind)(?: jetzt| nun| derzeit| momentan| aktuell| übrigens| eigentlich| immer noch| ganz klar)*",
    "new": r"neue[rsnm]?|aktuelle[rsnm]?|kleine[rsnm]?|altere[rsnm]?|jungere[rsnm]?|grosse[rsnm]?|große[rsnm]?|alte[rsnm]?|eigene[rsnm]?|liebe[rsnm]?|beste[rsnm]?|voller|ganzer",
    "a": r"(?:als |ein |eine |einen |der |die |das |den |einem |einer )?",
    "month": MONTH,
    "date": DATE,
    "adj": r"(?:neue[rsn]?|kleine[rsn]?|ältere[rsn]?|jüngere[rsn]?|große[rsn]?|alte[rsn]?) ",
    "close": r"(?:zwillings|halb|stief|groß|schwieger)?(?:schwester|bruder|mutter|mama|vater|papa|sohn|tochter|oma|opa|frau|mann|ehefrau|ehemann|partnerin|partner|freundin|freund|verlobte|verlobter|nichte|neffe|tante|onkel|cousine|cousin|enkelin|enkel|schwägerin|schwager)",
    "relative": r"(?:zwillings|halb|stief|groß|schwieger)?(?:schwester|bruder|mutter|mama|vater|papa|sohn|tochter|oma|opa|frau|mann|ehefrau|ehemann|partnerin|partner|freundin|freund|verlobte|verlobter|tante|onkel|cousine|cousin|nichte|neffe|chefin|chef|kollegin|kollege|nachbarin|nachbar|ärztin|arzt|zahnärztin|zahnarzt|lehrerin|lehrer|mitbewohnerin|mitbewohner)",
    "pet": r"(?:\w+ )?(?:hund|hündin|katze|kater|welpe|kätzchen|hase|kaninchen|hamster|papagei|wellensittich|pferd|pony|fisch|schildkröte|schlange|meerschweinchen|vogel|huhn|ziege|haustier|ratte|maus|dackel|pudel|stute|hengst|terrier|labrador|schäferhund|mops|windhund|spaniel|boxer|collie|kanarienvogel|frettchen|ente|gans|esel|schaf|igel)",
    "date_in": rf"(?:am |im |um |an |zu |in |ab |nach )?(?:dem |der )?{DATE}",
}
RULES = (
    ("name", r"\bich heiße <name>"),
    ("name", r"<my> (?:voller |vollständiger )?(?:name|vorname|nachname) (?:ist|lautet) <name>"),
    ("name.preferred", r"\b(?:nenn|nennt|nennen sie) mich (?:bitte |einfach )*<name>"),
    (
        "name",
        r"^(?:(?:hallo|hi|hey|guten (?:tag|morgen|abend)|servus|moin|grüß gott|ok|also)[,!. ]+)(?:ich bin|hier ist) (?:die |der )?<proper>(?= *(?:$|[,.!]|und\b|aus\b))",
    ),
    ("name", r"\bich bin (?:die|der) <proper>(?= *(?:$|[,.!]|und\b|aus\b))"),
    (
        "{noun}.name",
        r"<my> <noun> (?:heißt|heissen|heißen|nennt sich|hört auf den namen|trägt den namen)(?: jetzt| übrigens)? <name>",
    ),
    ("{noun}.name", r"<my> <noun> ist [^,;]{2,30} und heißt <name>"),
    ("{noun}.name", r"<my> <noun> namens <name>"),
    ("{noun}.name", r"\b(?:der name|die namen) (?:meine[srn]|unsere[srn]) <noun>(?:<is>| lautet) <name>"),
    (
        "{noun}.name",
        r"<I> (?:habe|haben|besitze|besitzen|hab)<adv> (?:uns |mir )?(?:einen |eine |ein )<noun>,? (?:namens|mit dem namen|mit namen) <name>",
    ),
    (
        "{noun}.name",
        r"<I> (?:habe|haben|besitze|besitzen|hab)<adv> (?:uns |mir )?(?:einen |eine |ein )<noun>,? (?:der|die|das) <name> heißt",
    ),
    ("{noun}.name", r"<my> <noun>,? (?:der|die|das) <name> heißt"),
    ("{noun}.name", r"<I> <adv>?(?:habe|haben)<adv> (?:einen |eine |ein )?<noun>,? (?:er|sie|es) heißt <name>"),
    (
        "{noun}.name",
        r"^(?:und )?<proper> ist (?:der name (?:meines|meiner|unseres|unserer) |<my> )(?P<noun><close>|<pet>)s?(?= *(?:$|[,.!]))",
    ),
    ("{noun}.name", r"<my> (?:<adj>)?(?P<noun><close>|<pet>),? <proper>"),
    ("age", r"\b(?:ich bin|bin ich)<adv> <number>(?= *(?:jahre?\b|$|[,.!;]| und))"),
    ("age", r"\bich bin(?: \w+){0,2} <number>(?: jahre alt)? geworden"),
    ("age", r"\bich werde(?: \w+){0,3} <number>(?: jahre alt)?(?= *(?:$|[,.!]))"),
    ("birthday", r"<my> geburtstag<is> (?:am |im |der )?<when>"),
    ("birthday", r"\b(?:ich habe|habe ich)(?: am| im) <when> geburtstag"),
    (
        "birthday",
        r"\b(?:ich bin|bin ich|ich wurde|wurde ich)(?: am| im)?(?: jahr)? <when>(?: (?:in|bei) [\w ]+)? geboren",
    ),
    ("{noun}.birthday", r"\b(?:meine|unsere|mein|unser) (?P<noun><relative>) hat (?:am |im )<when> geburtstag"),
    ("{noun}.birthday", r"\bder geburtstag (?:meine[srn]|unsere[srn]) (?P<noun><relative>)s?<is> (?:am |im )?<when>"),
    ("origin", r"\b(?:ich komme|ich stamme|komme ich)<adv>(?: ursprünglich)? aus (?:der |dem )?<place>"),
    ("origin", r"\bich bin(?: \w+){0,2} aus <place>(?= *(?:$|[,.!]))"),
    (
        "origin",
        r"\b(?:ich bin|ich wurde|bin ich)<adv>(?: (?:am|im) [^,]{3,25})? (?:in|bei) <place> (?:geboren|aufgewachsen|zur welt)",
    ),
    (
        "family.status",
        r"<I> (?:bin|sind)<adv> (?P<thing>(?:glücklich |frisch )?(?:verheiratet|ledig|geschieden|verlobt|verwitwet|in rente|pensioniert|schwanger|rentner(?:in)?)(?: mit [A-ZÄÖÜ]\w+)?)\b",
    ),
    (
        "family.*",
        r"<I> (?:habe|haben|hab)<adv> (?P<thing>(?:eine?n? |zwei |drei |vier |fünf |\d )(?:\w+ )?(?:kind(?:er)?|sohn|söhne|tochter|töchter|bruder|brüder|schwestern?|geschwister|enkel(?:kinder)?|jungs?|mädchen|zwillinge)\b)",
    ),
    (
        "pets.*",
        r"<I> (?:habe|haben|hab|besitze|halte|halten)<adv> (?P<thing>(?:eine?n? |zwei |drei |vier |fünf |\d+ )<pet>(?:e|en|n|s|er)?\b)(?! (?:namens|der|die|das)\b)",
    ),
    (
        "home.city",
        r"(?:<I><adv> (?:wohnen?|leben?|lebe|wohne)|\b(?:wohne|lebe|wohnen|leben) (?:ich|wir))<adv>(?: (?:mit|bei) [^,;]{2,30}?)? (?:in|bei|nahe|am|im)(?: der (?:nähe von|stadt))? <place>",
    ),
    (
        "home.city",
        r"<my> (?:<adj>)?(?:wohnung|haus|zuhause|heimat|wohnort|lebensmittelpunkt)(?:<is>| liegt| befindet sich)<adv> (?:in )?<place>",
    ),
    ("home.city", r"^(?:jetzt |nun )?<place> ist (?:jetzt |nun )?<my> (?:neues |neue )?(?:zuhause|heimat|wohnort)"),
    (
        "@home.city",
        r"<I>(?: (?:bin|sind))?<adv>(?: [^,;]{2,30}?)? von <old> nach <place> (?:gezogen|umgezogen|übersiedelt|gegangen|gewechselt)",
    ),
    (
        "@home.city",
        r"(?:<I> (?:bin|sind)|\b(?:bin|sind) (?:ich|wir))<adv>(?: [^,;]{2,30}?)? (?:nach|in) <place>(?: von <old>)? (?:gezogen|umgezogen|übersiedelt|ausgewandert|hingezogen)",
    ),
    ("home.city", r"\bich (?:wohne|lebe) nicht mehr in <old>,? sondern in <place>"),
    ("!home.city", r"\bich (?:wohne|lebe) nicht mehr in <place>"),
    ("address", r"<my> (?:neue )?(?:adresse|anschrift) (?:ist|lautet) (?P<thing>[^;!?]*\d[^;!?]*)"),
    (
        "work.job",
        r"(?:<I><adv> (?:arbeiten?|bin|jobbe)|\b(?:arbeite|bin|jobbe) ich)<adv>(?: bei [^,;]{2,30}?| in [^,;]{2,20}?)? als <job>",
    ),
    ("work.job", r"<my> (?:neuer |jetziger )?(?:beruf|job)<is> <job>"),
    (
        "work.job",
        r"\b(?:ich bin|bin ich)<adv> (?:von beruf |gelernter? |ausgebildeter? |eine? )?(?P<job>(?!veg|pesc)(?:\w+e[rn]? )?(?:\w+(?:in|er|or|ist|ent|eur|arzt|mann|frau|pfleger|kraft|loge|nom)|koch|arzt|azubi|student))(?: von beruf)?(?= *(?:$|[,.!;]| und| bei| in| an))",
    ),
    ("work.job", r"\bvon beruf bin ich <job>"),
    (
        "work.job",
        r"<I><adv> (?:mache|absolviere|beginne)<adv> eine (?:ausbildung|lehre|umschulung) (?:zur|zum|als) <job>",
    ),
    ("work.job", r"\bich bin <job> von beruf"),
    ("@work.job", r"\bich bin<adv>(?: [^,;]{2,20}?)? <job> geworden"),
    (
        "work.employer",
        r"(?:<I><adv> (?:arbeiten?|jobbe|schaffe)|\b(?:arbeite|jobbe|schaffe) ich)<adv>(?: als [^,;]{2,30}?)? (?:bei|für)(?: der| dem| den)? <thing>",
    ),
    (
        "work.employer",
        r"(?:<I><adv> (?:arbeiten?|jobbe)|\b(?:arbeite|jobbe) ich)<adv> (?:in|im|an)(?: einer| einem| der| dem)? <thing>",
    ),
    (
        "@work.employer",
        r"<I> (?:habe|hab)<adv> (?:eine|einen)? ?(?:neue |neuen )?(?:job|stelle|arbeit|anstellung)(?: als [^,;]{2,25}?)? (?:bei|in)(?: der| dem)? <thing>",
    ),
    ("work.employer", r"<my> (?:neuer )?(?:arbeitgeber|firma|arbeitsplatz)(?:<is>| heißt) <thing>"),
    (
        "@work.employer",
        r"\b(?:ich habe|ich bin|habe ich|bin ich)<adv>(?: [^,;]{2,25}?)? (?:zu|bei|zur|zum|von [\w ]+ zu) <thing> (?:gewechselt|angefangen|begonnen)",
    ),
    ("!work.employer", r"\bich arbeite nicht mehr (?:bei|für) <thing>"),
    ("study", r"(?:<I><adv> studieren?|\bstudiere ich)<adv> <thing>"),
    ("allergy.*", r"\b(?:ich bin|bin ich)<adv>(?: stark| schwer| hoch)? allergisch (?:gegen|auf) <thing>"),
    ("allergy.*", r"\b(?:ich bin|bin ich)<adv> (?:gegen|auf) (?P<job>[^,;.!?]{2,40}?) allergisch"),
    (
        "allergy.*",
        r"^(?:gegen|auf) (?P<job>[^,;.!?]{2,40}?) (?:bin|reagiere) ich<adv>(?: stark| schwer| sehr)? allergisch",
    ),
    ("allergy.*", r"<I> (?:habe|hab)<adv> eine (?:\w+ )?(?P<thing>\w{3,})allergie"),
    ("allergy.*", r"<I> (?:habe|hab)<adv> eine (?:\w+ )?allergie (?:gegen|auf) <thing>"),
    ("allergy.*", r"\bich vertrage<adv> (?:keine?n? |<thing> nicht)(?P<job>[^,;.!?]{2,40})?"),
    ("allergy.*", r"^(?P<thing>(?!das|es|dies)[^,;.!?]{3,40}?) (?:vertrage|verträgt) (?:ich|mein magen)<adv> nicht"),
    ("allergy.*", r"\bich bin<adv> (?P<thing>\w+)intolerant"),
    (
        "diet.*",
        r"(?:<I><adv> (?:esse|essen|trinke|trinken|darf|kann)|\b(?:esse|trinke|darf) ich)<adv> (?:überhaupt |absolut |gar )?(?:keine?n? |nie |niemals )<thing>",
    ),
    (
        "diet",
        r"(?:<I> (?:bin|sind)|\bbin ich|<I> (?:lebe|esse|ernähre mich))<adv> (?:strenge[r]? |überzeugte[r]? )?(?P<thing>vegetarier(?:in)?|veganer(?:in)?|vegetarisch|vegan|pescetarier(?:in)?|glutenfrei|halal|koscher|zöliakie)\b",
    ),
    (
        "!diet",
        r"\bich bin (?:nicht mehr|kein(?:e)?) (?P<thing>vegetarisch|vegan|vegetarier(?:in)?|veganer(?:in)?)(?: mehr)?",
    ),
    (
        "health.*",
        r"<I> (?:habe|hab|leide an|leide unter)<adv> (?P<thing>asthma|diabetes|migräne|epilepsie|adhs|arthritis|rheuma|heuschnupfen|neurodermitis|zöliakie|bluthochdruck|depressionen)\b",
    ),
    ("health.*", r"\bich leide (?:an|unter) <thing>"),
    (
        "health.*",
        r"\bich bin<adv> (?P<thing>(?:typ-\d-)?diabetiker(?:in)?|linkshänder(?:in)?|farbenblind|taub|blind|gehörlos|asthmatiker(?:in)?)\b",
    ),
    (
        "language.*",
        r"(?:<I><adv> (?:sprechen?|spreche|kann|lernen?|lerne)|\b(?:spreche|lerne) ich)<adv>(?: fließend| etwas| ein bisschen| gut| neben [\w ]+ auch)? (?P<thing>(?-i:[A-ZÄÖÜ])\w+(?:sch\b|[a-z]+)(?:[^.;!?]{0,40}?\w+sch)?)(?= *(?:$|[,.!;]| und))",
    ),
    ("language.*", r"<my> (?:muttersprache|erstsprache)<is> <thing>"),
    (
        "hobby.*",
        r"(?:<I><adv> (?:spielen?|sammeln?|sammle)|\b(?:spiele|sammle) ich)<adv> (?!(?:mit|gegen)\b)(?P<thing>(?-i:[A-ZÄÖÜ])[^,;.!?]{2,40})",
    ),
    (
        "hobby.*",
        r"\b(?:ich singe|ich tanze|ich klettere|ich male|ich schwimme|ich jogge|ich wandere)<adv>(?P<thing> (?:in|im|jede[nrs]?|seit|regelmäßig|gern)[^,;.!?]{2,40})",
    ),
    (
        "hobby.*",
        r"\bich (?!denke|gehe|habe|fahre|komme|mache|sage|sehe|frage|warte|hoffe|muss|arbeite)\w{3,}e<adv> (?:(?:jede[nrs]?|immer|am) (?:woche|wochenende|tag|morgen|abend|monat|\w+tag)s?) (?P<thing>(?-i:[A-ZÄÖÜ])[^,;.!?]{2,40})",
    ),
    ("hobby.*", r"<my> (?:größtes |liebstes |neues )?(?:hobby|hobbys|leidenschaft)<is> <thing>"),
    ("favourite.{noun}", r"<my> (?P<noun>lieblings\w+)<is> <thing>"),
    ("favourite.{noun}", r"<my> (?P<noun>lieblings\w+) heißt <thing>"),
    ("favourite.{noun}", r"^(?P<thing>[^,;!?]{2,50}?) ist <my> (?P<noun>lieblings\w+)"),
    ("dislike.*", r"(?:<I><adv> (?:mag|mögen)|\bmag ich)<adv> (?:überhaupt |gar |absolut )?keine?n? <thing>"),
    (
        "dislike.*",
        r"<I><adv> (?:hasse|hassen|verabscheue|kann <thing> nicht (?:leiden|ausstehen))<adv>(?: (?P<job>[^,;.!?]{2,50}))?",
    ),
    ("dislike.*", r"<I><adv> mag <thing> (?:überhaupt |gar )?nicht"),
    ("dislike.*", r"\bich habe (?:große )?angst vor <thing>"),
    (
        "like.*",
        r"(?:<I><adv> (?:liebe|lieben|mag|mögen|bevorzuge|genieße)|\b(?:liebe|mag|bevorzuge) ich)<adv> (?!(?:kein|nicht|dich|dein|das\b|es\b|diese|wie))<thing>",
    ),
    (
        "like.*",
        r"(?:<I> (?:trinke|esse|höre|lese|schaue)|\b(?:trinke|esse|höre|lese) ich)(?: am liebsten| gern| gerne| lieber| sehr gern| sehr gerne)<adv> <thing>",
    ),
    ("like.*", r"\bam (?:aller)?liebsten (?:trinke|esse|höre|lese|mag|spiele) ich <thing>"),
    ("like.*", r"\bich bin<adv> (?:ein |eine )?(?:großer |große |riesiger )?fan (?:von|der|des) <thing>"),
    ("car", r"\b(?:fahre ich|fahren wir)<adv> (?:einen |eine |ein )(?P<thing>[^,;.!?]{2,40})"),
    ("car", r"<my> (?:neues |neuer )?(?:auto|wagen)<is> (?:einen |eine |ein )(?P<thing>[^,;.!?]{2,40})"),
    ("car", r"<I><adv> fahren? <adv>?(?:einen |eine |ein )(?P<thing>[^,;.!?]{2,40})"),
    (
        "own.*",
        r"<I> (?:habe|haben)<adv> (?:mir |uns )?(?P<thing>(?:einen |eine |ein )(?:\w+ )?[A-ZÄÖÜ][\w-]+) (?:gekauft|geerbt|angeschafft|zugelegt)",
    ),
    ("own.*", r"<I> (?:besitze|besitzen)<adv> (?P<thing>(?:einen |eine |ein |zwei |drei )[^,;.!?]{2,40})"),
    (
        "plan.{noun}",
        r"<my> (?:nächster |nächste |nächstes )?<noun>(?: (?:nach|bei|beim|mit|zum|zur|in) [^,;!?]{2,30}?)?(?:<is>| geht| startet| beginnt| fährt| findet| fängt| endet| wurde auf| verschiebt sich auf)<adv>(?: auf)? (?:am |im |um |auf )?(?:den |dem )?<when>",
    ),
    (
        "plan.*",
        r"(?:<I><adv> (?:habe|haben|hab)|\bhabe ich)<adv> (?P<thing>[^,;!?]{0,40}?(?:<date_in>)[^,;!?]{0,50}?(?:termin|prüfung|treffen|besprechung|operation|konzert|vorstellungsgespräch|examen|klausur|auftritt|flug|urlaub|geburtstagsfeier|hochzeit|meeting)\w*[^,;!?]{0,20}|[^,;!?]{0,40}?(?:termin|prüfung|treffen|besprechung|operation|konzert|vorstellungsgespräch|examen|klausur|auftritt|flug|urlaub|hochzeit|meeting)\w*[^,;!?]{0,30}?(?:<date_in>)[^,;!?]{0,20})",
    ),
    (
        "plan.*",
        r"(?:<I><adv> (?:fahre|fahren|fliege|fliegen|reise|reisen|ziehe|ziehen|heirate|heiraten|besuche|besuchen|werde|werden|beginne|mache|gehe|gehen|laufe|starte|treffe|treffen)|\b(?:fahre|fliege|reise|ziehe|heirate|besuche|werde|beginne|mache|gehe|laufe|starte|treffe|fahren|fliegen|heiraten|ziehen) (?:ich|wir)) (?P<thing>[^;!?]{0,60}?(?:<date_in>)[^;!?]{0,50})",
    ),
    (
        "plan.*",
        r"^(?P<thing>(?:<date_in>) (?:fahre|fahren|fliege|fliegen|reise|ziehe|ziehen|heirate|heiraten|besuche|beginne|mache|gehe|laufe|habe|haben|treffe|treffen|bin|sind|muss|müssen|darf|soll|sehe|sehen|spiele|spielen|singe|starte|starten) (?:ich|wir) [^;!?]{3,60})",
    ),
    ("plan.*", r"<I><adv> (?:plane|planen|spare|trainiere|übe)<adv> (?P<thing>[^,;!?]{3,50})"),
    (
        "event.*",
        r"<I> (?:habe|haben|bin|sind)<adv> (?P<thing>[^,;!?]{0,60}?(?:adoptiert|geheiratet|gewonnen|gebrochen|bestanden|abgeschlossen|veröffentlicht|gekündigt|operiert|befördert|gegründet|verstaucht|aufgehört zu rauchen|gelaufen))(?= *(?:$|[,.!;]))",
    ),
    ("?{noun}", r"<my> <noun>(?:<is>| lautet| beträgt) <thing>"),
)
GERMAN = Language(
    code="de",
    mine=r"\b(?:ich|mir|mich|mein\w*|wir|uns|unser\w*)\b",
    words=WORDS,
    rules=RULES,
    reported=r"\b(?!ich\b|wir\b)\w+ (?:\w+ )?(?:sagt|sagte|sagen|meint|meinte|glaubt|glaubte|denkt|dachte|fragt|fragte|schreibt|schrieb|behauptet|behauptete|erzählt|erzählte|findet|fand)\b|\b(?:hat|haben)(?: \w+){0,3} (?:gesagt|gemeint|erzählt|behauptet|geschrieben|gefragt)\b|\blaut \w+|\b(?:sagt|sagte|meint|meinte|erzählte|fragte) (?!ich\b|wir\b)\w+",
    unreal=r"\b(?:wenn|falls|ob|stell dir vor|angenommen|hätte|hätten|wäre|wären|würde|würden|könnte|möchte|wünschte|träumte|geträumt|geschichte|roman|gedicht|rolle|zum beispiel|übersetze|formuliere|korrigiere|schreib|witz|was|wo|wer|wie|wann|warum|welche[rsn]?|wessen|woran|als ob|lied)\b|^(?:habe|bin|war|ist|sind|hat|kann|soll|muss|darf) (?:ich|mein|meine|wir)\b(?!.*\b(?:gern|seit|jetzt)\b)",
    past=r"\b(?:früher|damals|als kind|fast|beinahe|ehemals)\b",
    later=r"(?:^|[,;.] |\bund )(?:er|sie|es) heißt <name>",
    starts=r"ich|mein\w*|wir|unser\w*|er|sie|es|du|ihr|sein\w*|ihre\w*|(?:der|die|das)(?! \w+ heißt)|den|dieser|wenn|bitte|jetzt|nun|nenn|also|deshalb|darum|außerdem|obwohl|weil|dass",
    joins=r"und|aber|doch|denn|weil|sondern|obwohl|während|also|deshalb|darum|jedoch|dann",
    subject="ich ",
    verbs=r"arbeite|wohne|lebe|spreche|habe|liebe|mag|hasse|spiele|fahre|studiere|bin|sammle|esse|trinke",
    stops=r"aber|weil|denn|wenn|während|obwohl|als|seit|jetzt|nun|dass|der|die|das|damit|sondern|bevor|nachdem|und (?:ich|meine?|wir|er|sie|habe|bin|wohne|arbeite)|jeden|manchmal|vor allem|derzeit|momentan|gewesen|gezogen|geboren|mit|und|ist|sind|war|bei|von|im|am|um|zu|zum|zur|nach|auf|für|letzte[nrs]?|lieber|nicht|heute|morgen|gestern|übrigens",
    before=r"in|bei|für|mit|aus|im|am|an|auf|von|nahe",
    articles=r"ein(?:e[nmrs]?)?|der|die|das|den|dem|meine?[nmrs]?|unsere?[nmrs]?|sehr|nur|auch|ganz",
    deictic=r"das (?:ist|war|nicht|auch|so)|dies\w*|es|du|dich|dir|dein\w*|ihr|ihre?\w*|euch|sie|ihn|ihm|nicht|nichts|kein\w*|wie|was|wo|warum|ob|dass|so|zu|sehr gut|gut|schlecht|müde|krank|froh|etwas|alles|jemand|viel|mehr|gerne?$|heute|hier|da|dort|schon|noch|leider|gerade|lieber gott|zeit|angst|hunger|durst|recht|lust|glück|pech",
    adjectives=r"deutscher?|österreicher(?:in)?|schweizer(?:in)?|italiener(?:in)?|franzose|französin|spanier(?:in)?|engländer(?:in)?|pole|polin|türke|türkin|katholisch|müde|krank|neu|hier|fertig|froh|lehrer(?:in)?|student(?:in)?|beste|erste|letzte|einzige|neue|vater|mutter|deutsch\w*|urlaub|ruhe|frieden|angst|meinung|beziehung",
    tails=r"jetzt|nun|auch|übrigens|bitte|mehr|heute|schon|noch|sehr|gern|gerne|am liebsten|wirklich|zusammen|allein|hier|dort|wieder|leider|und|oder|aber|in|an|bei|mit|von|zu|als|der|die|das|ein|eine|von beruf|total|nämlich|immer|oft|am meisten|sowieso|halt|ja|nicht|ganz|alt",
    attributes=r"hobby|hobbys|beruf|job|größe|schuhgröße|augenfarbe|haarfarbe|sternzeichen|instrument|religion|staatsangehörigkeit|nationalität|ziel|traum|auto|fahrrad|handy|muttersprache|traumberuf|glückszahl|verein|nachname|spitzname|gewicht|blutgruppe|lieblings\w+|telefonnummer|handynummer|studienfach|kleidergröße|postleitzahl|hausnummer|wohnort|geburtsort",
    secrets=r"passwort|kennwort|pin|pin-code|geheimzahl|iban|kontonummer|kreditkartennummer|tan|sozialversicherungsnummer",
    nouns={
        "hund": "dog", "hundin": "dog", "welpe": "dog", "katze": "cat", "kater": "cat", "katzchen": "cat", "schwester": "sister", "bruder": "brother", "mutter": "mother",
        "mama": "mother", "vater": "father", "papa": "father", "sohn": "son", "tochter": "daughter", "frau": "wife", "ehefrau": "wife", "mann": "husband",
        "ehemann": "husband", "pferd": "horse", "vogel": "bird", "hamster": "hamster", "oma": "grandmother", "opa": "grandfather", "chef": "boss", "chefin": "boss",
        "freundin": "friend", "freund": "friend", "lieblingsfarbe": "colour", "lieblingsessen": "food", "lieblingsfilm": "film", "lieblingsbuch": "book", "auto": "car",
        "hundes": "dog", "katers": "cat", "sohnes": "son", "bruders": "brother", "vaters": "father", "mannes": "husband",
    },
    plain_nouns=True,
)  # fmt: skip
