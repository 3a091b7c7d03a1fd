"""Italian."""

from cleo_memory.formation.grammar import Language

MONTH = r"(?:gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre)"
DATE = (
    rf"(?:\d{{1,2}}(?:°|º)? {MONTH}\b(?: (?:del )?\d{{4}})?|{MONTH}\b(?: \d{{4}})?|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?|(?:19|20)\d\d|(?:prossimo )?(?:lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica)(?: prossim[oa])?"
    r"|dopodomani|domani|stasera|la settimana prossima|la prossima settimana|il mese prossimo|il prossimo mese|l'anno prossimo|quest'estate|quest'inverno|quest'autunno|questa primavera|in (?:estate|inverno|autunno|primavera)|tra \w+ (?:giorni|giorno|settimane|settimana|mesi|mese|anni|anno)|fra \w+ (?:giorni|settimane|mesi|anni)|natale|pasqua|alle \d{1,2}(?:[:.]\d\d)?|\d{1,2}[:.]\d\d)"
)
WORDS = {
    "S": r"(?:^|(?<=[,;:] )|\b(?:io|ora|adesso|anche|e|ma|che|attualmente|oggi|sempre|già|inoltre|quindi|perché|allora|da \w+ \w+|dal \w+|in \w+|noi|qui|ciao|beh|ultimamente|personalmente),? )",
    "adv": r"(?: (?:ora|adesso|attualmente|anche|sempre|ancora|molto|davvero|già|soprattutto|principalmente|solo|proprio|tanto|da \w+(?: \w+){0,2}|recentemente|pure|qui|ormai|tuttora))*",
    "my": r"\b(?:(?:il|la|i|le|l') ?)?(?:mio|mia|miei|mie|nostr[oaie])",
    "is": r"(?: è| sono| si trova)(?: ora| adesso| ancora| attualmente| davvero)*",
    "new": r"nuov[oa]|piccol[oa]|vecchi[oa]|attuale|car[oa]|maggiore|minore|propri[oa]",
    "month": MONTH,
    "date": DATE,
    "close": r"(?:sorella|sorellina|fratello|fratellino|madre|mamma|padre|papà|figlio|figlia|moglie|marito|compagna|compagno|fidanzata|fidanzato|ragazza|ragazzo|nonna|nonno|suocera|suocero|zia|zio|cugina|cugino|nipote|cognata|cognato)(?: (?:maggiore|minore|gemella|gemello))?",
    "relative": r"(?:sorella|sorellina|fratello|fratellino|madre|mamma|padre|papà|figlio|figlia|moglie|marito|compagna|compagno|fidanzata|fidanzato|ragazza|ragazzo|nonna|nonno|suocera|suocero|zia|zio|cugina|cugino|nipote|capo|collega|vicina|vicino|medico|dentista|amica|amico|professore|professoressa)(?: (?:maggiore|minore))?",
    "pet": r"(?:cane|cagna|cagnolino|cagnolina|gatto|gatta|gattino|gattina|micio|cucciolo|coniglio|criceto|pappagallo|cavallo|cavalla|pony|pesce|tartaruga|serpente|porcellino d'india|cavia|uccello|uccellino|canarino|gallina|capra|animale|topo|ratto|furetto|asino|bassotto|barboncino|labrador|levriero|anatra|oca|riccio|pastore tedesco)",
    "date_in": rf"(?:il |l'|a |ad |in |per |nel |di |del |al |verso |entro )*{DATE}",
}
RULES = (
    ("name", r"\bmi chiamo <name>"),
    ("name", r"<my> (?:nome|cognome)(?: completo)?<is> <name>"),
    ("name.preferred", r"\b(?:chiamami|puoi chiamarmi) (?:pure |semplicemente )?<name>"),
    (
        "name",
        r"^(?:(?:ciao|salve|buongiorno|buonasera|ehi)[,!. ]+)(?:io )?sono <proper>(?= *(?:$|[,.!]|e\b|di\b|da\b))",
    ),
    ("name", r"\bsono <proper>(?= *(?:$|[,.!]))"),
    ("{noun}.name", r"<my> <noun> (?:si chiama|si chiamano|risponde al nome di)(?: ora)? <name>"),
    ("{noun}.name", r"\b(?:il nome|i nomi) (?:del|della|di|dei) (?:mio|mia|miei|mie|nostr[oaie]) <noun><is> <name>"),
    (
        "{noun}.name",
        r"\b(?:ho|abbiamo|possiedo)<adv>(?: adottato| preso| comprato)? (?:un |una |un')<noun>,? (?:che si chiama|di nome|chiamat[oa]) <name>",
    ),
    (
        "{noun}.name",
        r"^(?:e )?<proper> è (?:il nome del |il nome della )?<my> (?P<noun><close>|<pet>)(?= *(?:$|[,.!]))",
    ),
    ("{noun}.name", r"<my> (?P<noun><close>|<pet>),? <proper>"),
    ("age", r"\b(?:ho|avrò)<adv> <number> anni"),
    ("age", r"\b(?:ho compiuto|ho appena compiuto|compio) <number>(?: anni)?"),
    ("birthday", r"<my> compleanno<is> (?:il |l'|a |in )?<when>"),
    ("birthday", r"\b(?:compio gli anni|festeggio il compleanno) (?:il |l'|a |in )<when>"),
    ("birthday", r"\bsono nat[oa](?: a [^,\d]{2,25}?)?,? (?:il |l'|nel |a )<when>"),
    ("{noun}.birthday", r"\bil compleanno (?:di|del|della) (?:mio|mia) (?P<noun><relative>)<is> (?:il |l'|a )?<when>"),
    ("origin", r"\b(?:vengo|provengo)<adv> (?:da|dal|dalla|dall'|dalle) ?<place>"),
    ("origin", r"\bsono<adv>(?: originari[oa])? di <place>"),
    (
        "origin",
        r"\b(?:sono nat[oa]|sono cresciut[oa]|sono nat[oa] e cresciut[oa])(?: il [^,]{3,30}?)? (?:a|in|ad) <place>",
    ),
    (
        "family.status",
        r"\b(?:sono|siamo)<adv> (?P<thing>(?:felicemente )?(?:sposat[oaie]|single|divorziat[oa]|fidanzat[oa]|vedov[oa]|pensionat[oa]|in pensione|incinta))\b",
    ),
    (
        "family.*",
        r"\b(?:ho|abbiamo)<adv> (?P<thing>(?:un |una |due |tre |quattro |cinque |\d )(?:\w+ )?(?:figli[oae]?|fratell[oi]|sorell[ae]|nipot[ei]|bambin[oaie]|gemell[oie])\b)",
    ),
    (
        "pets.*",
        r"\b(?:ho|abbiamo)<adv>(?: adottato| preso)? (?P<thing>(?:un |una |un'|due |tre |quattro |\d+ )(?:<pet>|cani|gatti|conigli|criceti|pesci|cavalli|uccelli|galline|tartarughe)\b)(?! (?:che|di nome|chiamat))",
    ),
    (
        "home.city",
        r"<S>(?:vivo|viviamo|abito|abitiamo|risiedo|sto vivendo)<adv>(?: con [^,;]{2,30}?)? (?:a|ad|in|vicino a|presso)(?: città di)? <place>",
    ),
    ("home.city", r"<my> (?:nuov[oa] )?(?:casa|appartamento)(?:<is>)<adv> (?:a|ad|in) <place>"),
    (
        "@home.city",
        r"\b(?:mi sono (?:appena |da poco )?trasferit[oa]|ci siamo (?:appena |da poco )?trasferit[ie]|sono trasferit[oa]|mi sono spostat[oa]|ho traslocato|abbiamo traslocato)<adv>(?: a <month>| l'anno scorso| il mese scorso)?,? (?:da|dal|dalla) <old> (?:a|ad|in) <place>",
    ),
    (
        "@home.city",
        r"\b(?:mi sono (?:appena |da poco )?trasferit[oa]|ci siamo (?:appena |da poco )?trasferit[ie]|ho traslocato|abbiamo traslocato|sono andat[oa] a vivere|siamo andati a vivere|sono venut[oa] a vivere|mi sono stabilit[oa])<adv>(?: a <month>| l'anno scorso| il mese scorso)?,? (?:a|ad|in) <place>(?: da <old>)?",
    ),
    ("!home.city", r"\bnon (?:vivo|abito) più (?:a|ad|in) <place>"),
    ("address", r"<my> (?:nuovo )?indirizzo<is> (?P<thing>[^;!?]*\d[^;!?]*)"),
    ("work.job", r"<S>(?:lavoro|lavoriamo|sto lavorando)<adv>(?: (?:per|in|alla) [^,;]{2,25}?)? come <job>"),
    (
        "work.job",
        r"<S>faccio<adv> (?:il |la |l'|lo )(?P<job>(?!spesa|doccia|pane|pizza|pasta|dolce|torta|yoga|pilates|nuoto|colazione|bucato|meglio|stesso|possibile)[^,;.!?]{3,40})",
    ),
    ("work.job", r"<my> (?:professione|lavoro|mestiere)<is> (?:quello di )?<job>"),
    (
        "work.job",
        r"\bsono<adv> (?:un |una |un'|uno )(?P<job>[^,;.!?]{2,20}?(?:ista|ologo|ologa|tore|trice|iere|iera|aio|aia|ario|aria|grafo|ante|ente|iatra)|ingegnere|medico|avvocat[oa]|architetto|maestr[oa]|studente|studentessa|veterinari[oa]|cuoc[oa]|attore|attrice|pilota|giudice|commercialista|professore|professoressa)(?= *(?:$|[,.!;]| e| a| in| di| da))",
    ),
    (
        "work.job",
        r"\bsono<adv> (?:un |una |un'|uno )?(?P<job>ostetric[oa]|idraulic[oa]|falegname|ottic[oa]|meccanic[oa]|elettricista|farmacista|infermier[ea]|sart[oa]|commess[oa]|impiegat[oa]|tecnic[oa]|chimic[oa]|fisic[oa]|muratore|pompiere|estetista|panettier[ea]|giardinier[ea]|parrucchier[ea]|insegnante|pensionat[oa])(?= *(?:$|[,.!;]| e| a| in| di| da))",
    ),
    ("work.job", r"<S>(?:studio|sto studiando) (?:da|per diventare|per fare) (?:il |la |l'|lo )?<job>"),
    ("@work.job", r"\bsono diventat[oa] (?:un |una |un')?<job>"),
    (
        "work.employer",
        r"<S>(?:lavoro|lavoriamo|sto lavorando)<adv>(?: come [^,;]{2,25}?)? (?:per|presso|da|alla|al|in|a|all'|nella|nel|con) ?<thing>",
    ),
    ("work.employer", r"<my> (?:azienda|datore di lavoro|ditta)(?:<is>| si chiama) <thing>"),
    (
        "@work.employer",
        r"\b(?:ho iniziato|ho cominciato|sono passat[oa]|sono entrat[oa]) (?:a lavorare )?(?:per|da|in|alla|al|presso) <thing>",
    ),
    (
        "@work.employer",
        r"\b(?:ho|ho trovato) (?:un )?(?:nuovo )?(?:lavoro|impiego|posto)(?: nuovo)?(?: come [^,;]{2,25}?)? (?:in|da|alla|al|presso|per) <thing>",
    ),
    ("!work.employer", r"\bnon lavoro più (?:per|da|in|alla|al|presso) <thing>"),
    ("study", r"<S>(?:studio|studiamo|sto studiando)<adv> (?!(?:a|in|con|molto|per)\b)<thing>"),
    (
        "allergy.*",
        r"\bsono<adv>(?: molto| gravemente| fortemente)? allergic[oa] (?:alla |alle |allo |agli |ai |al |all'|a )<thing>",
    ),
    ("allergy.*", r"\bho (?:una |un')(?:forte |grave )?allergia (?:alla |alle |allo |agli |ai |al |all'|a )<thing>"),
    ("allergy.*", r"\bsono<adv> intollerante (?:alla |alle |allo |agli |ai |al |all'|a )<thing>"),
    (
        "diet.*",
        r"\bnon (?:digerisco|sopporto) (?:il |la |lo |l'|i |le |gli )?(?P<thing>latte|lattosio|glutine|uova|noci|soia|crostacei|formaggio)",
    ),
    ("diet.*", r"\bnon (?:mangio|mangiamo|bevo|beviamo|posso mangiare|posso bere|tollero)<adv>(?: mai| più)? <thing>"),
    (
        "diet",
        r"\b(?:sono|siamo)<adv> (?:un |una )?(?P<thing>vegetarian[oaie]|vegan[oaie]|pescetarian[oa]|flexitarian[oa]|celiac[oa]|astemi[oa])\b",
    ),
    ("diet", r"<S>mangio<adv> (?P<thing>halal|kosher|senza glutine)\b"),
    ("!diet", r"\bnon sono più (?P<thing>vegetarian[oa]|vegan[oa])"),
    (
        "health.*",
        r"\b(?:ho|soffro)<adv> (?:di |d'|l'|il |la )?(?P<thing>asma|diabete|emicrani[ae]|epilessia|artrite|artrosi|ipertensione|eczema|celiachia|febbre da fieno)\b",
    ),
    (
        "health.*",
        r"\bsono<adv> (?P<thing>diabetic[oa]|asmatic[oa]|mancin[oa]|daltonic[oa]|sord[oa]|ciec[oa]|dislessic[oa]|epilettic[oa])\b",
    ),
    (
        "language.*",
        r"<S>(?:parlo|parliamo)<adv>(?: correntemente| un po' di| bene| fluentemente)? (?!(?:con|di|molto|in|da|troppo)\b)<thing>",
    ),
    ("language.*", r"\b(?:sto imparando|imparo)<adv> (?:a (?:parlare |suonare )?)?<thing>"),
    ("language.*", r"<my> (?:lingua madre|madrelingua)<is> <thing>"),
    ("hobby.*", r"<S>(?:suono|suoniamo)<adv> <thing>"),
    ("hobby.*", r"<S>(?:gioco|giochiamo)<adv> (?:a |al |alla )(?P<thing>[^,;.!?]{3,40})"),
    ("hobby.*", r"<S>(?:colleziono|pratico|canto in)<adv> <thing>"),
    (
        "hobby.*",
        r"<S>\w{3,}o<adv> (?P<thing>[^,;.!?]{3,40}? (?:ogni|tutti i|tutte le) (?:settiman[ae]|fine settimana|weekend|giorn[oi]|mattin[ae]|ser[ae]|mes[ei]|lunedì|martedì|mercoledì|giovedì|venerdì|sabat[oi]|domenic[ah]e?))",
    ),
    ("hobby.*", r"<my> (?:passatempo|hobby|passione)(?: preferit[oa])?<is> <thing>"),
    ("favourite.{noun}", r"<my> <noun> preferit[oaie]<is> <thing>"),
    ("favourite.{noun}", r"^(?P<thing>[^,;!?]{2,50}?) è <my> <noun> preferit[oa]"),
    (
        "dislike.*",
        r"\b(?:non mi piac(?:e|ciono)|odio|detesto|non sopporto|non ci piace|ho paura (?:di|del|della|dei|degli|delle))<adv>(?: per niente| molto)? (?!(?:che|quando|questo|quello|tuo)\b)<thing>",
    ),
    (
        "like.*",
        r"(?<!non )\b(?:mi piac(?:e|ciono)|ci piac(?:e|ciono)|adoro|amo|preferisco|mi appassiona)<adv>(?: molto| tanto| tantissimo)? (?!(?:che|quando|questo|quello|come|la tua|il tuo)\b)<thing>",
    ),
    (
        "like.*",
        r"\bsono<adv> (?:un |una )?(?:gran |grande )?(?:fan|appassionat[oa]|amante) (?:del |della |dei |degli |delle |di )<thing>",
    ),
    ("car", r"<S>guido<adv> (?:un |una |un')<thing>"),
    (
        "own.*",
        r"\b(?:ho comprato|mi sono comprat[oa]|abbiamo comprato|ho ereditato) (?P<thing>(?:un |una |un')(?:\w+ )?(?:casa|macchina|auto|bicicletta|bici|barca|pianoforte|chitarra|appartamento|moto|computer|camper|telescopio)\b)",
    ),
    (
        "plan.{noun}",
        r"<my> (?:prossim[oa] )?<noun>(?: (?:per|a|con|dal|da|di|verso) [^,;!?]{2,30}?)?(?:<is>| parte| inizia| comincia| decolla| finisce| arriva| cade| sarà| è stat[oa] spostat[oa] al?)<adv> (?:il |l'|a |in |alle |per il |al )?<when>",
    ),
    (
        "plan.*",
        r"\b(?:ho|abbiamo)<adv> (?P<thing>(?:un |una |un'|l'|il |la |appuntamento )[^,;!?]{2,60}?(?:<date_in>)[^,;!?]{0,40})",
    ),
    (
        "plan.*",
        r"(?:\b(?:vado|andiamo|volo|voliamo|parto|partiamo|viaggio|mi trasferisco|ci trasferiamo|mi sposo|ci sposiamo|visito|visiterò|andrò|andremo|partirò|inizio|comincio|corro|devo|mi operano)) (?P<thing>[^;!?]{0,70}?(?:<date_in>)[^;!?]{0,40})",
    ),
    (
        "plan.*",
        r"^(?P<thing>(?:<date_in>),? (?:io )?(?:vado|andiamo|volo|voliamo|parto|partiamo|mi trasferisco|mi sposo|ci sposiamo|visito|andrò|partirò|inizio|corro|ho|abbiamo) [^;!?]{3,60})",
    ),
    (
        "plan.*",
        r"\b(?:sto pianificando|sto organizzando|sto preparando|sto risparmiando per|mi sto allenando per) (?P<thing>[^,;!?]{3,50})",
    ),
    (
        "event.*",
        r"\b(?P<thing>(?:ho adottato|ho vinto|ho corso|ho pubblicato|ho superato|mi sono laureat[oa]|mi sono diplomat[oa]|mi sono sposat[oa]|ci siamo sposati|mi sono rott[oa]|sono andat[oa] in pensione|ho smesso di fumare|ho fondato|ho visitato|sono stat[oa] operat[oa]|sono stat[oa] promoss[oa])\b[^,;!?]{0,60})",
    ),
    ("?{noun}", r"<my> <noun><is> <thing>"),
)
ITALIAN = Language(
    code="it",
    mine=r"\b(?:io|mi|me|mio|mia|miei|mie|noi|ci|nostr[oaie]|sono|ho|vivo|abito|lavoro|parlo|suono|gioco|preferisco|guido|colleziono|bevo|mangio|vado|andiamo|abbiamo|siamo|viviamo|abitiamo|studio|volo|parto|odio|adoro|amo|detesto|vengo|chiamami|faccio|soffro|risiedo|compio|imparo|sto|sopporto|tollero|posso|possiamo|devo|voglio|porto|partiamo|insegno|uso|festeggio|digerisco|nuoto|corro|cucino|leggo|vedo)\b",
    words=WORDS,
    rules=RULES,
    reported=r"\b(?!io\b)\w+ (?:mi |ci |gli |le )?(?:dice|disse|dicono|ha detto|aveva detto|crede|credeva|pensa|pensava|chiede|ha chiesto|scrive|ha scritto|afferma|racconta|ha raccontato|sostiene)\b|\bsecondo (?!me\b)\w+|\b(?:dice|disse|chiede) (?:che|mia|mio|lui|lei)\b",
    unreal=r"\b(?:se (?:avessi|fossi|vivessi|potessi|mio|mia|io|ho|vivo|sono|non|mi)|immagina|immaginiamo|supponiamo|vorrei|piacerebbe|potrei|sarei|avrei|chiamerei|vivrei|ho sognato|sognato|storia|romanzo|poesia|personaggio|ruolo|per esempio|ad esempio|traduci|traduca|riformula|correggi|scrivi|come se|cosa|dove|chi|come si|quando|quale|perché non|magari|scherzo|scherzavo|canzone|fai finta|fingi)\b",
    past=r"\b(?:prima|una volta|da bambin[oa]|quando ero|quasi|un tempo)\b",
    later=r"(?:^|[,;.] |\be )si chiama <name>",
    starts=r"io|mi|mio|mia|il mio|la mia|noi|ci|nostr[oa]|lui|lei|loro|tu|suo|sua|il|la|lo|i|gli|le|questo|quello|se|adesso|ora|chiamami|sono|ho|vivo|lavoro|parlo|non|perché|quindi|anche se",
    joins=r"e|ma|perché|quindi|allora|mentre|però|anche se|poi|dunque|invece|ed",
    stops=r"ma|perché|quindi|allora|da quando|quando|che|chi|se|mentre|e (?:io|mi|mio|mia|vivo|lavoro|sono|ho|lui|lei)|adesso|ora|ogni|tutti i|tutte le|a volte|soprattutto|attualmente|con|e|è|sono|era|in|per|al|alla|a|ad|scorso|scorsa|oggi|domani|ieri|non|o|fa|da|dal|di più|come|più di|piuttosto|prima",
    before=r"in|per|con|di|del|della|da|dal|a|al|alla|presso|nella|nel",
    articles=r"un|uno|una|un'|il|lo|la|l'|i|gli|le|mio|mia|molto|alla|al|alle|ai|dei|delle|degli|del|della|un po' di|di|nostr[oa]",
    deictic=r"questo|questa|quello|quella|questi|queste|ciò|tu|te|ti|tuo|tua|tuoi|tue|lei|suo|sua|vostro|che|cosa|come|dove|quando|perché|non|niente|nulla|tutto|qualcosa|qualcuno|bene|male|stanc[oa]|malat[oa]|content[oa]|felice|qui|lì|già|più|molto bene|fame|sete|freddo|caldo|ragione|sonno|paura|fretta|voglia|una domanda|un problema|un dubbio|bisogno|tempo|d'accordo|pront[oa]|sicur[oa]|io",
    adjectives=r"italian[oa]|svizzer[oa]|frances[ei]|tedesc[oa]|inglese|spagnol[oa]|stanc[oa]|malat[oa]|content[oa]|felice|prim[oa]|ultim[oa]|unic[oa]|pront[oa]|sicur[oa]|cattolic[oa]",
    tails=r"adesso|ora|anche|per favore|oggi|già|ancora|molto|moltissimo|insieme|sol[oa]|qui|lì|e|o|ma|di|a|in|con|come|del|il|la|un|una|sempre|più|per niente|davvero|anni|attualmente|tanto|che|da|i|le|ormai",
    attributes=r"hobby|lavoro|professione|altezza|taglia|numero di scarpe|colore degli occhi|colore dei capelli|segno|segno zodiacale|strumento|religione|nazionalità|obiettivo|sogno|macchina|auto|bicicletta|telefono|madrelingua|numero fortunato|squadra|cognome|soprannome|peso|gruppo sanguigno|numero di telefono|codice postale|cap|città|dieta|piatto preferito|razza",
    secrets=r"password|parola d'ordine|pin|codice pin|iban|numero di carta|numero di conto|codice segreto",
    nouns={
        "cane": "dog", "cagnolino": "dog", "cucciolo": "dog", "gatto": "cat", "gatta": "cat", "gattino": "cat", "micio": "cat", "sorella": "sister", "sorellina": "sister",
        "fratello": "brother", "fratellino": "brother", "madre": "mother", "mamma": "mother", "padre": "father", "papa": "father", "figlio": "son", "figlia": "daughter",
        "moglie": "wife", "marito": "husband", "cavallo": "horse", "uccello": "bird", "coniglio": "rabbit", "nonna": "grandmother", "nonno": "grandfather", "colore": "colour",
        "cibo": "food", "film": "film", "libro": "book", "macchina": "car", "auto": "car", "capo": "boss", "pappagallo": "parrot", "medico": "doctor", "dentista": "dentist",
    },
)  # fmt: skip
