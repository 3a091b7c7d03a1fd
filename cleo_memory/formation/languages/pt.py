"""Portuguese."""

from cleo_memory.formation.grammar import Language

MONTH = r"(?:janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro)"
DATE = (
    rf"(?:\d{{1,2}}(?:º)? de {MONTH}\b(?: de \d{{4}})?|{MONTH}\b(?: de \d{{4}})?|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?|(?:19|20)\d\d|(?:próxima |próximo )?(?:segunda|terça|quarta|quinta|sexta)(?:-feira)?|sábado|domingo"
    r"|depois de amanhã|amanhã|hoje à noite|(?:na )?(?:próxima semana|semana que vem)|(?:no )?(?:próximo mês|mês que vem)|(?:no )?(?:próximo ano|ano que vem)|(?:neste|no) (?:verão|inverno|outono)|na primavera|daqui a \w+ (?:dias?|semanas?|m[eê]s(?:es)?|anos?)|natal|páscoa|às \d{1,2}(?:h|:\d\d)?|\d{1,2}:\d\d)"
)
WORDS = {
    "S": r"(?:^|(?<=[,;:] )|\b(?:eu|agora|também|e|mas|que|atualmente|hoje|sempre|já|além disso|então|porque|desde \w+|há \w+ \w+|em \w+|nós|aqui|olá|oi|bem|ultimamente|pessoalmente|por isso),? )",
    "adv": r"(?: (?:agora|atualmente|também|sempre|ainda|muito|realmente|já|sobretudo|principalmente|só|mesmo|há \w+ anos|desde \w+(?: \w+){0,2}|recentemente|hoje em dia))*",
    "my": r"\b(?:(?:o|a|os|as) )?(?:meus?|minhas?|nossos?|nossas?)",
    "is": r"(?: é| são| fica| chama-se)(?: agora| ainda| atualmente| mesmo)*",
    "new": r"nov[oa]|pequen[oa]|velh[oa]|atual|própri[oa]|querid[oa]|mais velh[oa]|mais nov[oa]|mais|melhor",
    "month": MONTH,
    "date": DATE,
    "close": r"(?:irmã|irmão|mãe|pai|filho|filha|mulher|esposa|esposo|marido|namorada|namorado|noiva|noivo|avó|avô|sogra|sogro|companheira|companheiro|tia|tio|prima|primo|sobrinha|sobrinho|neta|neto|cunhada|cunhado)(?: (?:mais velh[oa]|mais nov[oa]|gême[oa]))?",
    "relative": r"(?:irmã|irmão|mãe|pai|filho|filha|mulher|esposa|esposo|marido|namorada|namorado|noiva|noivo|avó|avô|sogra|sogro|tia|tio|prima|primo|sobrinha|sobrinho|chefe|colega|vizinha|vizinho|médico|médica|dentista|amiga|amigo|professor|professora)",
    "pet": r"(?:cão|cachorro|cachorra|cachorrinho|cadela|gato|gata|gatinho|gatinha|coelho|coelha|hamster|papagaio|periquito|cavalo|égua|pônei|peixe|tartaruga|cobra|porquinho-da-índia|pássaro|galinha|cabra|rato|furão|burro|canário)",
    "date_in": rf"(?:o |no |na |em |a |à |para |no dia |dia |de |do )*{DATE}",
}
RULES = (
    ("name", r"\b(?:(?:eu )?me chamo|chamo-me) <name>"),
    ("name", r"<my> (?:nome|apelido|sobrenome)(?: completo)?<is> <name>"),
    ("name.preferred", r"\b(?:me chame de|chame-me|me chama de|chama-me|pode me chamar de|podes chamar-me) <name>"),
    (
        "name",
        r"^(?:(?:olá|oi|bom dia|boa tarde|boa noite)[,!. ]+)(?:aqui é |eu )?(?:sou )?(?:a |o )?<proper>(?= *(?:$|[,.!]|e\b|de\b))",
    ),
    ("name", r"\bsou (?:a |o )?<proper>(?= *(?:$|[,.!]))"),
    ("{noun}.name", r"<my> <noun> (?:se chama|se chamam|chama-se|chamam-se|atende por)(?: agora)? <name>"),
    ("{noun}.name", r"\bo nome d[oa]s? (?:meu|minha|meus|minhas|noss[oa]) <noun><is> <name>"),
    (
        "{noun}.name",
        r"\b(?:tenho|temos|adotei|adotamos|comprei)<adv> (?:um |uma )<noun>,? (?:que se chama|chamad[oa]|de nome) <name>",
    ),
    ("{noun}.name", r"^(?:e )?<proper> é (?:o nome d[oa] )?<my> (?P<noun><close>|<pet>)(?= *(?:$|[,.!]))"),
    ("{noun}.name", r"<my> (?P<noun><close>|<pet>),? <proper>"),
    ("age", r"\btenho<adv> <number> anos"),
    ("age", r"\b(?:fiz|acabei de fazer|faço|completei) <number>(?: anos)?"),
    ("birthday", r"<my> aniversário<is> (?:no dia |em |a |dia |no )?<when>"),
    ("birthday", r"\b(?:faço anos|faço aniversário) (?:no dia |em |a |dia )<when>"),
    ("birthday", r"\bnasci(?: em [^,\d]{2,25}?)?,? (?:no dia |em |a |no )<when>"),
    ("{noun}.birthday", r"\bo aniversário d[oa] (?:meu|minha) (?P<noun><relative>)<is> (?:no dia |em |a |dia )?<when>"),
    ("origin", r"<S>(?:sou|venho)<adv>(?: natural)? (?:de|do|da) <place>"),
    ("origin", r"\b(?:nasci|cresci)(?: no dia [^,]{3,30}?)? (?:em|no|na) <place>"),
    (
        "family.status",
        r"\b(?:estou|sou|estamos|somos)<adv> (?P<thing>(?:felizmente )?(?:casad[oa]s?|solteir[oa]|divorciad[oa]s?|noiv[oa]s?|viúv[oa]|aposentad[oa]|reformad[oa]|grávida))\b",
    ),
    (
        "family.*",
        r"\b(?:tenho|temos)<adv> (?P<thing>(?:um |uma |dois |duas |três |quatro |cinco |\d )(?:\w+ )?(?:filh[oa]s?|irmãos?|irmãs?|net[oa]s?|crianças?|gême[oa]s)\b)",
    ),
    (
        "pets.*",
        r"\b(?:tenho|temos|adotei|adotamos)<adv> (?P<thing>(?:um |uma |dois |duas |três |\d+ )<pet>(?:es|s)?\b)(?! (?:que|chamad|de nome))",
    ),
    ("home.city", r"\bnão (?:moro|vivo) mais em <old>,? (?:e sim|mas sim|agora) em <place>"),
    (
        "home.city",
        r"<S>(?:moro|moramos|vivo|vivemos|resido|estou morando|estou a viver)<adv>(?: com [^,;]{2,30}?)? (?:em|no|na|perto de)(?: cidade de)? <place>",
    ),
    ("home.city", r"<my> (?:nov[oa] )?(?:casa|apartamento|lar)(?: é| fica) (?:em|no|na) <place>"),
    (
        "@home.city",
        r"\b(?:me mudei|mudei-me|mudei|nos mudamos|mudámo-nos|acabei de me mudar|acabei de mudar)<adv>(?: em <month>| no (?:mês|ano) passado)?,? (?:de|do|da) <old> para(?: o| a)? <place>",
    ),
    (
        "@home.city",
        r"\b(?:me mudei|mudei-me|mudei|nos mudamos|mudámo-nos|acabei de me mudar|acabei de mudar|fui morar|fui viver|vim morar)<adv>(?: em <month>| no (?:mês|ano) passado)?,? (?:para|em)(?: o| a)? <place>",
    ),
    ("!home.city", r"\b(?:já não|não) (?:moro|vivo)(?: mais)? em <place>"),
    ("address", r"<my> (?:novo )?endereço<is> (?P<thing>[^;!?]*\d[^;!?]*)"),
    (
        "diet",
        r"\b(?:sou|somos)<adv> (?:uma? )?(?P<thing>vegetarian[oa]s?|vegan[oa]s?|pescetarian[oa]|flexitarian[oa]|celíac[oa]|abstêmi[oa])\b",
    ),
    ("work.job", r"<S>(?:trabalho|trabalhamos|estou trabalhando)<adv>(?: na? [^,;]{2,25}?)? como <job>"),
    ("work.job", r"<my> (?:profissão|trabalho|ocupação)<is> <job>"),
    (
        "work.job",
        r"\bsou<adv> (?:uma? )?(?P<job>(?:\w+(?:ista|eiro|eira|ólogo|óloga|tor|tora|dor|dora|sor|sora|grafo|grafa|iatra|ário|ária)|engenheir[oa]|médic[oa]|advogad[oa]|arquitet[oa]|estudante|veterinári[oa]|cozinheir[oa]|ator|atriz|piloto|juiz|juíza|músic[oa]|químic[oa]|polícia|comerciante)(?: de [\w ]{3,25})?)(?= *(?:$|[,.!;]| e| em| no| na))",
    ),
    ("@work.job", r"\b(?:me tornei|tornei-me) <job>"),
    (
        "work.employer",
        r"<S>(?:trabalho|trabalhamos|estou trabalhando)<adv>(?: como [^,;]{2,25}?)? (?:em|no|na|para|com)(?: a| o)? (?!casa\b)<thing>",
    ),
    ("work.employer", r"<my> (?:empresa|empregador)(?:<is>| se chama) <thing>"),
    (
        "@work.employer",
        r"\b(?:comecei|entrei|mudei|consegui um emprego|tenho um (?:novo )?emprego)(?: novo)?(?: a trabalhar)? (?:em|no|na|para a|para o) <thing>",
    ),
    ("!work.employer", r"\b(?:já não|não) trabalho(?: mais)? (?:em|no|na|para) <thing>"),
    ("study", r"<S>(?:estudo|estudamos|estou estudando)<adv> (?!(?:em|com|muito|para)\b)<thing>"),
    ("allergy.*", r"\b(?:sou|tenho)<adv>(?: muito| gravemente)? (?:alérgic[oa]|alergia) (?:ao |à |aos |às |a )<thing>"),
    ("allergy.*", r"\bsou<adv> intolerante (?:ao |à |aos |às |a )<thing>"),
    (
        "diet.*",
        r"\b(?:não|nunca|já não) (?:como|comemos|bebo|bebemos|tomo|posso comer|posso beber|posso tomar)<adv> <thing>",
    ),
    ("!diet", r"\b(?:já não sou|não sou mais) (?P<thing>vegetarian[oa]|vegan[oa])"),
    (
        "health.*",
        r"\b(?:tenho|sofro)<adv> (?:de )?(?P<thing>asma|diabetes|enxaquecas?|epilepsia|artrite|artrose|hipertensão|eczema|doença celíaca)\b",
    ),
    (
        "health.*",
        r"\bsou<adv> (?P<thing>diabétic[oa]|asmátic[oa]|canhot[oa]|destr[oa]|daltônic[oa]|surd[oa]|ceg[oa]|disléxic[oa]|epilétic[oa])\b",
    ),
    (
        "language.*",
        r"<S>(?:falo|falamos)<adv>(?: fluentemente| um pouco de| bem)? (?!(?:com|de|muito|em|sobre)\b)<thing>",
    ),
    ("language.*", r"\b(?:estou aprendendo|estou a aprender|aprendo)<adv> (?:a (?:falar |tocar )?)?<thing>"),
    ("hobby.*", r"<S>(?:toco|tocamos)<adv> (?:o |a )?<thing>"),
    (
        "hobby.*",
        r"<S>(?:jogo|jogamos|coleciono|pratico|faço|canto em)<adv> (?P<thing>(?!falta|bem|mal|anos)[^,;.!?]{3,40})",
    ),
    ("favourite.{noun}", r"<my> <noun> (?:favorit[oa]s?|preferid[oa]s?)<is> <thing>"),
    ("favourite.{noun}", r"^(?P<thing>[^,;!?]{2,50}?) é <my> <noun> (?:favorit[oa]|preferid[oa])"),
    (
        "dislike.*",
        r"\b(?:não gosto|não gostamos|odeio|detesto|não suporto|tenho medo)<adv>(?: nada)? (?:de |do |da |dos |das )?(?!(?:que|quando|isso|isto|sua|tua)\b)<thing>",
    ),
    (
        "like.*",
        r"(?<!não )\b(?:gosto|gostamos|adoro|amo|prefiro|curto)<adv>(?: muito)? (?:de |do |da |dos |das )?(?!(?:que|quando|isso|isto|sua|tua|como)\b)<thing>",
    ),
    ("car", r"<S>(?:dirijo|conduzo)<adv> (?:uma? )<thing>"),
    (
        "plan.{noun}",
        r"<my> (?:próxim[oa] )?<noun>(?: (?:para|com|de|a) [^,;!?]{2,30}?)?(?:<is>| sai| parte| começa| decola| termina| chega| será| foi marcad[oa] para| foi adiad[oa] para)<adv> (?:no dia |em |a |dia |no |na |às )?<when>",
    ),
    ("plan.*", r"\b(?:tenho|temos)<adv> (?P<thing>[^,;!?]{3,60}?(?:<date_in>)[^,;!?]{0,40})"),
    (
        "plan.*",
        r"\b(?:vou|vamos|viajo|viajamos|me mudo|me caso|caso-me|visito|visitarei|irei|viajarei|começo|parto|preciso|tenho que) (?P<thing>[^;!?]{0,70}?(?:<date_in>)[^;!?]{0,40})",
    ),
    (
        "plan.*",
        r"^(?P<thing>(?:<date_in>),? (?:eu )?(?:vou|vamos|viajo|viajamos|me mudo|me caso|visito|irei|viajarei|começo|parto|tenho|temos) [^;!?]{3,60})",
    ),
    (
        "event.*",
        r"\b(?P<thing>(?:adotei|ganhei|corri|publiquei|passei n|me formei|formei-me|me casei|casei-me|nos casamos|quebrei|parti (?:o|a)|parei de fumar|fundei|visitei|fui operad[oa]|fui promovid[oa])\b[^,;!?]{0,60})",
    ),
    ("?{noun}", r"(?<!de )(?<!do )(?<!da )<my> <noun><is> <thing>"),
)
PORTUGUESE = Language(
    code="pt",
    mine=r"\b(?:eu|me|mim|meus?|minhas?|nós|nos|nossos?|nossas?|sou|tenho|moro|vivo|trabalho|falo|estou|toco|jogo|prefiro|dirijo|conduzo|coleciono|bebo|como|tomo|vou|vamos|nasci|odeio|adoro|amo|gosto|somos|temos|moramos|vivemos|chamo-me|mudei-me|mudei|estudo|viajo|faço|fiz|resido|detesto|sofro|aprendo|venho|adotei|parto|começo|gostamos)\b",
    words=WORDS,
    rules=RULES,
    reported=r"\b(?!eu\b)\w+ (?:me |nos |lhe )?(?:diz|disse|dizem|dizia|acha|achava|pensa|pensava|pergunta|perguntou|escreve|escreveu|afirma|afirmou|conta|contou|acredita)\b|\bsegundo \w+|\b(?:disse|diz|perguntou) (?:que|meu|minha|ele|ela)\b",
    unreal=r"\b(?:se (?:eu|tivesse|morasse|vivesse|fosse|pudesse|meu|minha)|imagina|imagine|suponha|suponhamos|gostaria|queria|poderia|seria|teria|chamaria|moraria|viveria|sonhei|história|romance|poema|personagem|papel|por exemplo|traduz|traduza|reformula|corrige|corrija|escreve|escreva|como se|o que|onde|quem|quando|qual|por que|porquê|oxalá|tomara|brincadeira|brincando|canção|finge|finja)\b",
    past=r"\b(?:antes|costumava|quando era|em criança|quase|antigamente)\b",
    later=r"(?:^|[,;.] |\be )(?:(?:ele|ela) )?(?:se chama|chama-se) <name>",
    starts=r"eu|me|meu|minha|o meu|a minha|nós|nos|noss[oa]|ele|ela|eles|tu|você|seu|sua|o|a|os|as|isso|isto|se|agora|sou|tenho|moro|vivo|trabalho|falo|não|estou|porque|embora",
    joins=r"e|mas|porque|então|embora|enquanto|portanto|pois|porém",
    stops=r"mas|porque|pois|então|desde|quando|que|quem|se|embora|enquanto|e (?:eu|me|meu|minha|não|moro|trabalho|sou|tenho|ele|ela)|agora|cada|todos os|todas as|às vezes|sobretudo|atualmente|com|e|é|são|era|em|para|por|ao|à|a|mais que|do que|passado|passada|hoje|amanhã|ontem|não|ou|há|no|na|antes",
    before=r"em|para|com|de|do|da|desde|por|a|ao|no|na",
    articles=r"um|uma|uns|umas|o|a|os|as|meu|minha|muito|do|da|de|ao|à|noss[oa]|um pouco de",
    deictic=r"isso|isto|este|esta|esse|essa|esses|estas|tu|te|ti|teu|tua|você|seu|sua|seus|suas|lhe|que|o que|como|onde|quando|não|nada|tudo|algo|alguém|bem|mal|cansad[oa]|doente|content[oa]|feliz|aqui|ali|já|mais|muito|fome|sede|frio|calor|razão|sono|medo|pressa|vontade|uma pergunta|uma dúvida|um problema|tempo|sorte|certeza|saudades|eu",
    adjectives=r"portugu[eê]s(?:a)?|brasileir[oa]|angolan[oa]|italian[oa]|franc[eê]s(?:a)?|alemã|alemão|ingl[eê]s(?:a)?|espanhol(?:a)?|cansad[oa]|doente|feliz|primeir[oa]|últim[oa]|únic[oa]|pront[oa]",
    tails=r"agora|também|por favor|hoje|já|ainda|muito|muitíssimo|juntos|sozinh[oa]|aqui|ali|e|ou|mas|de|a|em|com|como|do|da|o|um|uma|sempre|mais|nada|mesmo|anos|atualmente|bastante|que",
    attributes=r"hobby|trabalho|profissão|altura|tamanho|número de sapato|cor dos olhos|cor do cabelo|signo|instrumento|religião|nacionalidade|meta|sonho|carro|bicicleta|telefone|língua materna|número da sorte|time|equipa|clube|sobrenome|apelido|peso|tipo sanguíneo|número de telefone|código postal|cep|cidade|dieta|raça",
    secrets=r"senha|palavra-passe|pin|código pin|iban|número do cartão|número da conta|cpf",
    nouns={
        "cao": "dog", "cachorro": "dog", "cachorra": "dog", "cadela": "dog", "cachorrinho": "dog", "gato": "cat", "gata": "cat", "gatinho": "cat", "irma": "sister", "irmao": "brother",
        "mae": "mother", "pai": "father", "filho": "son", "filha": "daughter", "mulher": "wife", "esposa": "wife", "marido": "husband", "cavalo": "horse", "passaro": "bird",
        "coelho": "rabbit", "avo": "grandparent", "cor": "colour", "comida": "food", "filme": "film", "livro": "book", "carro": "car", "chefe": "boss", "papagaio": "parrot",
    },
)  # fmt: skip
