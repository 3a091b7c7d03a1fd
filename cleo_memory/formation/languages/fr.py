"""French."""

from cleo_memory.formation.grammar import Language

MONTH = (
    r"(?:janvier|février|fevrier|mars|avril|mai|juin|juillet|août|aout|septembre|octobre|novembre|décembre|decembre)"
)
DATE = (
    rf"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)(?: prochain)?(?: \d{{1,2}}(?:er)? {MONTH})?|\d{{1,2}}(?:er)? {MONTH}\b(?: \d{{4}})?|{MONTH}\b(?: \d{{4}})?|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?|(?:19|20)\d\d"
    r"|après-demain|demain|ce soir|la semaine prochaine|le mois prochain|l'année prochaine|l'an prochain|l'été prochain|cet été|cet hiver|cet automne|ce printemps|dans (?:un|une|deux|trois|quatre|cinq|\d+) (?:jours?|semaines?|mois|ans?)|à noël|à pâques|\d{1,2} ?h(?:eures)?(?: ?\d\d)?|\d{1,2}:\d\d)"
)
WORDS = {
    "J": r"\b(?:je |j'|nous |on )",
    "adv": r"(?: (?:actuellement|maintenant|désormais|aussi|toujours|encore|vraiment|beaucoup|énormément|très|bien|surtout|déjà|récemment|principalement|seulement|plutôt|souvent|personnellement|juste|tout|enfin|aujourd'hui|depuis \w+(?: \w+){0,2}|en ce moment))*",
    "my": r"\b(?:mon|ma|mes|notre|nos)",
    "is": r"(?: est| sont|, c'est)(?: maintenant| toujours| désormais| actuellement| vraiment)*",
    "new": r"nouveau|nouvelle|nouvel|petit|petite|grand|grande|actuel|actuelle|propre|cher|chere|vieux|vieille|jeune",
    "month": MONTH,
    "date": DATE,
    "close": r"(?:petite |petit |grande |grand |demi-|belle-|beau-)?(?:sœur|soeur|frère|mère|maman|père|papa|fils|fille|femme|mari|épouse|époux|compagne|compagnon|copine|copain|grand-mère|grand-père|fiancé|fiancée|conjoint|conjointe|nièce|neveu|tante|oncle|cousine|cousin|petite-fille|petit-fils)",
    "relative": r"(?:petite |petit |grande |grand |demi-|belle-|beau-)?(?:sœur|soeur|frère|mère|maman|père|papa|fils|fille|femme|mari|épouse|époux|compagne|compagnon|copine|copain|grand-mère|grand-père|fiancé|fiancée|conjoint|conjointe|tante|oncle|cousine|cousin|nièce|neveu|chef|cheffe|collègue|voisine|voisin|médecin|dentiste|ami|amie|professeur|colocataire)",
    "pet": r"(?:petit |petite |vieux |vieille )?(?:chien|chienne|chat|chatte|chiot|chaton|lapin|lapine|hamster|perroquet|perruche|cheval|poney|poisson|poisson rouge|tortue|serpent|cochon d'inde|oiseau|poule|chèvre|rat|souris|furet|âne|jument|animal|teckel|caniche|labrador|berger|épagneul|bouledogue|colley|canari|canard|oie|hérisson|lévrier)",
    "date_in": rf"(?:le |en |au |à |ce |pour |dès |début |fin |mi-)*{DATE}",
}
RULES = (
    ("name", r"\bje m'appelle <name>"),
    ("name", r"<my> (?:nom(?: complet| de famille)?|prénom)<is> <name>"),
    ("name.preferred", r"\b(?:appelle|appelez)[- ]moi (?:simplement |juste )?<name>"),
    (
        "name",
        r"^(?:(?:bonjour|salut|bonsoir|coucou|hello)[,!. ]+)(?:moi c'est|je suis|c'est|ici) <proper>(?= *(?:$|[,.!]|et\b|de\b))",
    ),
    ("name", r"^je suis <proper>(?= *(?:$|[,.!]|et\b))"),
    ("name", r"\bmoi,? c'est <proper>"),
    ("name.preferred", r"\b(?:on|tout le monde|mes amis) m'appell(?:e|ent) <proper>"),
    (
        "{noun}.name",
        r"<my> <noun> (?:s'appelle|s'appellent|se nomme|répond au nom de|porte le nom de)(?: maintenant)? <name>",
    ),
    ("{noun}.name", r"\b(?:le nom|le prénom|les noms) de <my> <noun><is> <name>"),
    (
        "{noun}.name",
        r"(?:\bj'ai|\bnous avons|\bon a)<adv>(?: adopté| recueilli| acheté| pris)? (?:un|une) <noun>,? (?:qui s'appelle|nommée?|appelée?|du nom de|prénommée?|baptisée?) <name>",
    ),
    ("{noun}.name", r"^(?:et )?<proper> est (?:le nom de )?<my> (?P<noun><close>|<pet>)(?= *(?:$|[,.!]))"),
    ("{noun}.name", r"<my> (?P<noun><close>|<pet>),? <proper>"),
    ("age", r"\bj'ai<adv> <number> ans"),
    ("age", r"\bje viens d'avoir <number> ans"),
    ("age", r"\bj'ai (?:eu|fêté mes) <number> ans"),
    ("birthday", r"<my> anniversaire<is> (?:le |en )?<when>"),
    ("birthday", r"\bje fête mon anniversaire (?:le |en )<when>"),
    ("birthday", r"\bje suis née?(?: à [^,\d]{2,25}?)? (?:le|en) <when>"),
    ("{noun}.birthday", r"\bl'anniversaire de <my> (?P<noun><relative>)<is> (?:le |en )?<when>"),
    ("origin", r"\bje (?:viens|suis originaire|proviens)<adv> (?:de |d'|du |des )<place>"),
    ("origin", r"\bje suis née?(?: le [^,]{3,25}?| en \d{4})? (?:à|au|en) <place>"),
    ("origin", r"\bj'ai grandi (?:à|au|en) <place>"),
    ("origin", r"<my> (?:ville natale|ville d'origine)<is> <place>"),
    (
        "family.status",
        r"\bje suis<adv> (?P<thing>(?:heureusement )?(?:marié|célibataire|divorcé|fiancé|veuve|veuf|retraité|pacsé|enceinte)e?)\b",
    ),
    (
        "family.*",
        r"(?:\bj'ai|\bnous avons)<adv> (?P<thing>(?:un |une |deux |trois |quatre |cinq |\d )(?:\w+ )?(?:enfants?|fils|filles?|frères?|sœurs?|petits-enfants|garçons?|jumeaux|jumelles)\b)",
    ),
    (
        "pets.*",
        r"(?:\bj'ai|\bnous avons|\bon a)<adv>(?: adopté| recueilli)? (?P<thing>(?:un |une |deux |trois |quatre |\d+ )<pet>s?\b)(?! (?:qui|nommé|appelé|du nom))",
    ),
    (
        "home.city",
        r"(?:\bj'habite|<J>(?:habite|habitons|vis|vivons|réside|loge|suis installée?|suis basée?))<adv>(?: avec [^,;]{2,30}?)? (?:à|au|aux|en|sur|près de|dans la ville de|du côté de)(?: la)? <place>",
    ),
    ("home.city", r"\b(?:j'habite|nous habitons)<adv> <place>"),
    (
        "home.city",
        r"<my> (?:nouvel |nouveau |nouvelle )?(?:appartement|maison|logement|chez-moi|domicile)(?:<is>| se trouve| se situe) (?:à|en|au) <place>",
    ),
    (
        "@home.city",
        r"(?:\bj'ai|\bnous avons|\bon a|\bje suis)<adv> (?:déménagé|emménagé|quitté|passé|partie?)<adv>(?: en \w+| l'an dernier)?,? (?:de |d'|du )?<old> (?:à|pour|vers|au|en) <place>",
    ),
    (
        "@home.city",
        r"(?:\bj'ai|\bnous avons|\bon a|\bje suis)<adv> (?:déménagé|emménagé|partie? vivre|partie? m'installer|venue? vivre)<adv>(?: en (?:<month>)| l'an dernier| le mois dernier)?,? (?:à|au|en|pour|vers) <place>(?: depuis <old>)?",
    ),
    (
        "@home.city",
        r"\b(?:je viens|nous venons) (?:de |d')(?:déménager|emménager|m'installer|nous installer)(?: de <old>)? (?:à|au|en) <place>",
    ),
    ("@home.city", r"\bje me suis (?:installée?|établie?)<adv> (?:à|au|en) <place>"),
    ("!home.city", r"\bje n'habite plus (?:à|en|au) <place>"),
    ("!home.city", r"\bje ne vis plus (?:à|en|au) <place>"),
    ("address", r"<my> (?:nouvelle )?adresse<is> (?P<thing>[^;!?]*\d[^;!?]*)"),
    (
        "work.job",
        r"<J>(?:travaille|travaillons|bosse|exerce)<adv>(?: chez [^,;]{2,25}?)? (?:comme|en tant que|en qualité de) (?:une? )?<job>",
    ),
    ("work.job", r"<my> (?:métier|profession|travail|boulot)<is> <job>"),
    (
        "work.job",
        r"\bje suis<adv> (?:une? )?(?P<job>(?!vég|veg|pesc)(?:(?:assistante?|chef|cheffe|professeure?|conducteur|conductrice|agent|agente|ouvrier|ouvrière|directeur|directrice|responsable) [\w' -]{2,25}|\w+(?:ien|ienne|eur|euse|trice|ière|ier|iste|logue|graphe|aire|cien|cienne|iatre)|avocate?|architecte|professeure?|prof|médecin|journaliste|étudiante?|vétérinaire|chef|artiste|comptable|secrétaire|kiné|écrivain|écrivaine|soldat|pilote|juge|poète|boucher|bouchère|interprète|notaire|boulang\w+|pâtissi\w+|cuisini\w+|sage-femme|maçon|mécano|facteur|factrice|infirmi\w+|retraitée?|menuisi\w+|charpenti\w+|plombi\w+|jardini\w+|polici\w+|pompi\w+|banqui\w+|\w{2,}cher|\w+ancier|caissi\w+))(?= *(?:$|[,.!;]| et| à| chez| dans| depuis| en| de profession| au))",
    ),
    (
        "work.job",
        r"<J>(?:fais|suis|commence)<adv> une formation (?:de |d'|pour devenir )<job>",
    ),
    ("@work.job", r"\bje suis devenue? (?:une? )?<job>"),
    (
        "work.employer",
        r"<J>(?:travaille|travaillons|bosse)<adv>(?: (?:comme|en tant que) [^,;]{2,25}?)? (?:chez|pour) <thing>",
    ),
    ("work.employer", r"<J>(?:travaille|travaillons|bosse)<adv> (?:à|au|dans|en) <thing>"),
    ("work.employer", r"<my> (?:employeur|entreprise|boîte)(?:<is>| s'appelle) <thing>"),
    (
        "@work.employer",
        r"\bj'ai (?:rejoint|commencé à travailler chez|commencé chez|été embauchée? (?:chez|par)|changé de travail pour|intégré) <thing>",
    ),
    (
        "@work.employer",
        r"\b(?:j'ai|je viens de trouver|j'ai trouvé) (?:un )?(?:nouveau |nouvel )?(?:travail|emploi|poste|boulot|job)(?: comme [^,;]{2,25}?)? (?:chez|à|pour|dans) <thing>",
    ),
    ("!work.employer", r"\bje ne travaille plus (?:chez|pour|à) <thing>"),
    ("study", r"(?:\bj'étudie|<J>(?:étudions|fais des études (?:de |d'|en )))<adv> ?<thing>"),
    ("allergy.*", r"\bje suis<adv>(?: gravement| sévèrement| fortement)? allergique (?:à la |à l'|aux |au |à )<thing>"),
    ("allergy.*", r"\bj'ai une (?:grave |forte )?allergie (?:à la |à l'|aux |au |à )<thing>"),
    (
        "allergy.*",
        r"\bje (?:ne supporte pas|ne tolère pas|ne digère pas) (?:le |la |l'|les )(?P<thing>lactose|gluten|lait|arachides?|noix|œufs|soja|\w+(?= *$))",
    ),
    ("allergy.*", r"\bje suis<adv> intolérante? (?:à la |à l'|aux |au |à )<thing>"),
    (
        "diet.*",
        r"<J>(?:ne|n')? ?(?:mange|mangeons|bois|buvons|consomme|peux pas manger|peux pas boire)<adv> ?(?:pas|jamais|plus)?<adv> (?:de |d')<thing>",
    ),
    (
        "diet",
        r"(?:\bje suis|\bnous sommes|\bje mange)<adv> (?:une? )?(?P<thing>végétarienn?e?s?|végane?s?|vegan|végétalienn?e?s?|pescétarienn?e?|flexitarienn?e?|cœliaque|sans gluten|halal|casher)\b",
    ),
    ("!diet", r"\bje ne suis (?:plus|pas) (?P<thing>végétarienn?e?|végane?|vegan|végétalienn?e?)"),
    (
        "health.*",
        r"\b(?:j'ai|je souffre|je suis atteinte?)<adv> (?:de |d'|du |de l')?(?P<thing>asthme|diabète|migraines?|épilepsie|arthrose|arthrite|rhume des foins|eczéma|hypertension|maladie cœliaque)\b",
    ),
    (
        "health.*",
        r"\bje suis<adv> (?P<thing>diabétique|asthmatique|gauch(?:er|ère)|droiti(?:er|ère)|daltonienn?e?|sourde?|aveugle|dyslexique|épileptique)\b",
    ),
    (
        "language.*",
        r"<J>(?:parle|parlons|maîtrise)<adv>(?: couramment| un peu| bien)? (?!(?:de|d'|à|avec|trop|fort|en)\b)<thing>",
    ),
    ("language.*", r"(?:\bj'apprends|\bnous apprenons)<adv> (?:le |l'|la |à (?:parler |jouer )?)?<thing>"),
    ("language.*", r"<my> langue maternelle<is> <thing>"),
    ("hobby.*", r"<J>(?:joue|jouons)<adv> (?:du |de la |de l'|au |à la |aux |à l'|des )<thing>"),
    ("hobby.*", r"<J>(?:fais|faisons)<adv> (?:du |de la |de l')(?P<thing>(?!mal|bruit|bien|peine)[^,;.!?]{3,40})"),
    ("hobby.*", r"(?:<J>|\bje )(?:collectionne|pratique|chante dans)<adv> <thing>"),
    (
        "hobby.*",
        r"<J>\w{3,}<adv> (?P<thing>[^,;.!?]{3,40}? (?:chaque|tous les|toutes les) (?:semaines?|week-ends?|jours?|matins?|soirs?|mois|\w+di)s?)",
    ),
    ("hobby.*", r"<my> (?:principal )?(?:passe-temps|hobby|loisir|passion)(?: préférée?)?<is> <thing>"),
    ("favourite.{noun}", r"<my> <noun> (?:préférée?s?|favorite?s?|favoris?)(?:<is>|,? (?:c'est|ce sont)) <thing>"),
    ("favourite.{noun}", r"^(?P<thing>[^,;!?]{2,50}?) est <my> <noun> (?:préférée?|favorite?|favori)"),
    (
        "dislike.*",
        r"\b(?:je n'aime|nous n'aimons|j'aime)<adv> (?:pas|plus|guère)(?: du tout| vraiment| trop| beaucoup)? (?!(?:que|qu'|quand|ça|cela|être)\b)<thing>",
    ),
    (
        "dislike.*",
        r"\b(?:je déteste|je hais|j'ai horreur|j'ai peur|je ne supporte pas|nous détestons)<adv> (?!(?:que|qu'|quand|ça)\b)<thing>",
    ),
    (
        "like.*",
        r"\b(?:j'aime|j'adore|j'apprécie|je préfère|nous aimons|nous adorons|on adore|on aime)<adv> (?!(?:pas|plus|que|qu'|quand|ça|cela|votre|ta|ton|tes|bien ta|mieux|guère)\b)<thing>",
    ),
    (
        "like.*",
        r"\bje suis<adv> (?:fan|passionnée?|amateur|amatrice|une? grande? fan|accro) (?:de |d'|du |par |à la |au |aux )<thing>",
    ),
    ("car", r"<J>(?:conduis|roule en)<adv> (?:une? )?<thing>"),
    (
        "own.*",
        r"(?:\bj'ai|\bnous avons)<adv> (?:acheté|hérité d'|hérité de) (?P<thing>(?:une? )?(?:\w+ )?(?:maison|voiture|vélo|bateau|piano|guitare|appartement|moto|ordinateur|caravane|télescope|caméra|scooter)\b)",
    ),
    ("own.*", r"<J>(?:possède|possédons)<adv> (?P<thing>(?:une? |deux |trois )[^,;.!?]{2,40})"),
    (
        "plan.{noun}",
        r"<my> (?:prochaine? )?<noun>(?: (?:pour|à|chez|avec|de|du|d'|vers|en) ?[^,;!?]{2,30}?)?(?:<is>| part| décolle| commence| débute| a lieu| aura lieu| se termine| arrive| est prévue?| est fixée?| est reportée?)<adv> (?:le |à |au |en |pour |prévue? |fixée? )*<when>",
    ),
    (
        "plan.*",
        r"(?:\bj'ai|\bnous avons)<adv> (?P<thing>(?:un |une |mon |ma |rendez-vous|des )[^,;!?]{0,60}?(?:<date_in>)[^,;!?]{0,30})",
    ),
    (
        "plan.*",
        r"(?:<J>(?:vais|allons|va|pars|partons|part|prends|déménage|déménageons|visite|visitons|voyage|voyageons|me marie|nous marions|se marie|passe|commence|cours|serai|irai|partirai|dois|prévois de)|\bj'irai) (?P<thing>[^;!?]{0,70}?(?:<date_in>)[^;!?]{0,40})",
    ),
    (
        "plan.*",
        r"^(?P<thing>(?:<date_in>),? (?:je |j'|nous |on )(?:vais|vois|verrai|verrons|voit|dois|suis|passe|joue|pars|déménage|visite|commence|allons|partons|part|va|ai (?:un|une)|prends|me marie|nous marions|cours) [^;!?]{0,60})",
    ),
    (
        "plan.*",
        r"<J>(?:prépare|planifie|économise pour|m'entraîne pour)<adv> (?P<thing>(?:un |une |le |la |mon |ma )[^,;!?]{3,50})",
    ),
    (
        "event.*",
        r"(?:\bj'ai|\bje me suis|\bje suis|\bnous avons|\bnous nous sommes)<adv> (?P<thing>(?:adopté|gagné|couru|publié|réussi|obtenu|terminé mes|fini mes|arrêté de fumer|arrêté l|démissionné|visité|fondé|mariée?s?|diplômée?|été opérée?|été promue?|été diagnostiquée?|cassé (?:le |la |un)|foulé)\b[^,;!?]{0,60})",
    ),
    ("?{noun}", r"<my> <noun><is> <thing>"),
)
FRENCH = Language(
    code="fr",
    mine=r"\b(?:je|j|moi|me|m|mon|ma|mes|nous|notre|nos|on)\b",
    words=WORDS,
    rules=RULES,
    reported=r"\b(?!je\b|j'|nous\b)[\w']+ (?:m'a |m'avait |nous a |a |me |lui )?(?:dit|dis|disait|affirme|pense|pensait|croit|croyait|demande|demandait|demandé|écrit|raconte|raconté|prétend|répond|répondu|trouve|affirmé|explique|expliqué)\b(?! oui)|\bselon \w+|\bd'après \w+|\b(?:dit|demande|répond)-(?:il|elle)",
    unreal=r"\b(?:si je|si j'|si nous|si mon|si ma|si on|imagine|imaginons|supposons|suppose|aimerais|voudrais|pourrais|serais|aurais|appellerais|habiterais|rêvé|rêve que|histoire|roman|poème|personnage|rôle|par exemple|traduis|traduisez|reformule|corrige|écris|rédige|comme si|quoi|où|qui est|comment|quand|pourquoi|quel|quelle|est-ce que|blague|plaisante|chanson|faisons semblant|fais comme)\b|^(?:ai-je|suis-je|est-ce)\b",
    past=r"\b(?:avant|autrefois|jadis|à l'époque|enfant|quand j'étais|presque|failli)\b",
    later=r"(?:^|[,;.] |\bet )(?:il|elle) s'appelle <name>",
    starts=r"je|j'|j|mon|ma|mes|nous|notre|il|elle|ils|elles|tu|vous|son|sa|ses|leur|le|la|les|l'|c'est|ce|cela|ça|on|si|maintenant|avant|appelle|appelez|alors|donc|parce|bien que",
    joins=r"et|mais|car|donc|alors|puis|parce que|tandis que|alors que|cependant|pourtant|puisque",
    subject="je ",
    verbs=r"travaille|vis|habite|parle|déteste|joue|conduis|suis|préfère|mange|bois|aime|adore",
    stops=r"mais|parce|car|donc|alors|depuis|quand|lorsque|qui|que|qu'\w*|dont|si|bien que|et (?:je|j'\w+|mon|ma|nous|il|elle|habite|travaille|suis)|maintenant|chaque|tous les|toutes les|parfois|surtout|en ce moment|actuellement|avec|et|est|sont|était|à|au|aux|chez|en|pour|vers|plutôt|dernier|dernière|aujourd'hui|demain|hier|d'ailleurs|plus que|pas|le|ou|l'an|il y a|du|de la|dans",
    before=r"à|au|aux|chez|dans|pour|avec|en|de|du|d'\w+|sur|près",
    articles=r"une?|des|le|la|les|l'|du|de la|de l'|de|d'|mon|ma|mes|notre|nos|très|vraiment|aux?|un peu d'|un peu de",
    deictic=r"ça|cela|ceci|ce|cette|ces|tu|te|toi|ton|ta|tes|vous|votre|vos|lui|leur|que|qu'\w*|comment|où|quand|pourquoi|pas|rien|tout|quelque|quelqu'un|bien|mal|fatiguée?|malade|contente?|d'accord|désolée?|ici|là|encore|déjà|trop|plus|faim|soif|froid|chaud|raison|tort|besoin|envie|peur|hâte|l'air|du mal|mal|une question|un problème|le temps",
    adjectives=r"français|française|belge|suisse|canadienn?e?|italienn?e?|espagnole?|allemande?|anglaise?|fatiguée?|malade|contente?|première?|seule?|dernier|dernière|prêt|prête|sûre?|désolée?",
    tails=r"maintenant|aussi|d'ailleurs|s'il te plaît|s'il vous plaît|aujourd'hui|déjà|encore|beaucoup|vraiment|ensemble|seule?|ici|là|et|ou|mais|de|à|en|avec|chez|comme|du|le|la|un|une|toujours|souvent|par-dessus tout|le plus|ans|du tout|d'habitude|désormais|tous|bien|personnellement|des",
    attributes=r"hobby|métier|travail|profession|taille|pointure|couleur des yeux|couleur de cheveux|signe astrologique|signe|instrument|religion|nationalité|but|objectif|rêve|voiture|vélo|téléphone|langue maternelle|chiffre porte-bonheur|équipe|club|nom de famille|surnom|poids|groupe sanguin|numéro de téléphone|code postal|ville|régime|plat préféré",
    secrets=r"mot de passe|code pin|code secret|iban|numéro de carte|numéro de compte|numéro de sécurité sociale|code",
    nouns={
        "chien": "dog", "chienne": "dog", "chiot": "dog", "chat": "cat", "chatte": "cat", "chaton": "cat", "sœur": "sister", "soeur": "sister", "frere": "brother",
        "mere": "mother", "maman": "mother", "pere": "father", "papa": "father", "fils": "son", "fille": "daughter", "femme": "wife", "epouse": "wife", "mari": "husband",
        "epoux": "husband", "cheval": "horse", "oiseau": "bird", "lapin": "rabbit", "grand-mere": "grandmother", "grand-pere": "grandfather", "couleur": "colour", "plat": "food",
        "film": "film", "livre": "book", "voiture": "car", "chef": "boss", "perroquet": "parrot", "medecin": "doctor", "dentiste": "dentist", "voisin": "neighbour", "voisine": "neighbour",
    },
)  # fmt: skip
