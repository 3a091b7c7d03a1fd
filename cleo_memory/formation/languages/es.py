"""Spanish."""

from cleo_memory.formation.grammar import Language

MONTH = r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre)"
DATE = (
    rf"(?:\d{{1,2}}(?:º)? de {MONTH}\b(?: (?:de|del) \d{{4}})?|{MONTH}\b(?: (?:de|del) \d{{4}})?|\d{{4}}-\d\d-\d\d|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?|(?:19|20)\d\d|(?:próximo |este )?(?:lunes|martes|miércoles|jueves|viernes|sábado|domingo)(?: que viene| próximo)?"
    r"|pasado mañana|mañana|esta noche|la semana que viene|la próxima semana|el mes que viene|el próximo mes|el año que viene|el próximo año|este verano|este invierno|este otoño|esta primavera|en (?:verano|invierno|otoño|primavera)|en (?:un|una|dos|tres|cuatro|cinco|\d+) (?:días?|semanas?|mes(?:es)?|años?)|dentro de \w+ (?:días?|semanas?|mes(?:es)?|años?)|navidad|semana santa|las \d{1,2}(?::\d\d)?|\d{1,2}:\d\d)"
)
WORDS = {
    "S": r"(?:^|(?<=[,;:] )|\b(?:yo|ahora|también|y|pero|que|actualmente|hoy|siempre|ya|además|así que|aunque|porque|entonces|antes no|desde \w+(?: \w+)?|desde hace \w+ \w+|en \w+|por eso|hola|bueno|nosotros|aquí|últimamente|personalmente|pues),? )",
    "adv": r"(?: (?:ahora|actualmente|también|siempre|todavía|aún|mucho|muy|realmente|ya|sobre todo|principalmente|solo|sólo|desde \w+(?: \w+){0,2}|hoy en día|recientemente|mismo|hace \w+ años))*",
    "my": r"\b(?:mi|mis|nuestr[oa]s?)",
    "is": r"(?: es| son| está)(?: ahora| todavía| actualmente| realmente)*",
    "new": r"nuev[oa]|pequen[oa]|pequeñ[oa]|viej[oa]|actual|propi[oa]|querid[oa]|mayor|menor",
    "month": MONTH,
    "date": DATE,
    "close": r"(?:hermana|hermano|madre|mamá|padre|papá|hijo|hija|mujer|esposa|esposo|marido|pareja|novia|novio|abuela|abuelo|prometida|prometido|suegra|suegro|tía|tío|prima|primo|sobrina|sobrino|nieta|nieto|cuñada|cuñado)(?: (?:mayor|menor|pequeña|pequeño|gemela|gemelo))?",
    "relative": r"(?:hermana|hermano|madre|mamá|padre|papá|hijo|hija|mujer|esposa|esposo|marido|pareja|novia|novio|abuela|abuelo|prometida|prometido|suegra|suegro|tía|tío|prima|primo|sobrina|sobrino|jefa|jefe|compañera|compañero|vecina|vecino|médico|médica|dentista|amiga|amigo|profesor|profesora)(?: (?:mayor|menor))?",
    "pet": r"(?:perro|perra|perrito|perrita|gato|gata|gatito|gatita|cachorro|cachorra|conejo|coneja|hámster|loro|periquito|caballo|yegua|poni|pez|tortuga|serpiente|cobaya|pájaro|gallina|cabra|mascota|rata|ratón|hurón|burro|canario|galgo|caniche|labrador|pato|oca|erizo|podenco)",
    "date_in": rf"(?:el |en |a |para |por |este |de |del |al |los )*{DATE}",
}
RULES = (
    ("name", r"\bme llamo <name>"),
    ("name", r"<my> (?:nombre|apellido)(?: completo)?<is> <name>"),
    ("name.preferred", r"\b(?:llámame|llamame|puedes llamarme|dime) (?:simplemente |solo )?<proper>"),
    (
        "name",
        r"^(?:(?:hola|buenas|buenos días|buenas tardes|buenas noches)[,!. ]+)(?:yo )?soy <proper>(?= *(?:$|[,.!]|y\b|de\b))",
    ),
    ("name", r"\bsoy <proper>(?= *(?:$|[,.!]|y\b))"),
    ("{noun}.name", r"<my> <noun> (?:se llama|se llaman|responde al nombre de|lleva por nombre)(?: ahora)? <name>"),
    ("{noun}.name", r"\b(?:el nombre|los nombres) de <my> <noun><is> <name>"),
    (
        "{noun}.name",
        r"(?:\btengo|\btenemos|\bhe adoptado|\bhemos adoptado|\badopté|\badoptamos|\bcompré)<adv> (?:un |una |a un |a una )<noun>,? (?:que se llama|llamad[oa]|de nombre) <name>",
    ),
    ("{noun}.name", r"^(?:y )?<proper> es (?:el nombre de )?<my> (?P<noun><close>|<pet>)(?= *(?:$|[,.!]))"),
    ("{noun}.name", r"<my> (?P<noun><close>|<pet>),? <proper>"),
    ("age", r"\btengo<adv> <number> años"),
    ("age", r"\b(?:cumplí|he cumplido|acabo de cumplir|cumplo) <number>(?: años)?"),
    ("birthday", r"<my> cumpleaños<is> (?:el |en )?<when>"),
    ("birthday", r"\b(?:cumplo años|celebro mi cumpleaños) (?:el |en )<when>"),
    ("birthday", r"\bnací(?: en [^,\d]{2,25}?)?,? (?:el|en) <when>"),
    ("{noun}.birthday", r"\bel cumpleaños de <my> (?P<noun><relative>)<is> (?:el |en )?<when>"),
    ("origin", r"<S>(?:soy|vengo|procedo)<adv>(?: originari[oa])? de <place>"),
    ("origin", r"\b(?:nací|me crié|crecí)(?: el [^,]{3,30}?)? en <place>"),
    ("origin", r"<my> (?:ciudad natal|pueblo natal)<is> <place>"),
    (
        "family.status",
        r"\b(?:estoy|soy|estamos)<adv> (?P<thing>(?:felizmente )?(?:casad[oa]s?|solter[oa]|divorciad[oa]s?|prometid[oa]s?|viud[oa]|jubilad[oa]|embarazada))\b",
    ),
    (
        "family.*",
        r"\b(?:tengo|tenemos)<adv> (?P<thing>(?:un |una |dos |tres |cuatro |cinco |\d )(?:\w+ )?(?:hij[oa]s?|herman[oa]s?|niet[oa]s?|niñ[oa]s?|gemel[oa]s)\b)",
    ),
    (
        "pets.*",
        r"\b(?:tengo|tenemos|he adoptado|hemos adoptado|adopté|adoptamos)<adv> (?P<thing>(?:un |una |dos |tres |cuatro |\d+ |a un |a una )<pet>(?:es|s)?\b)(?! (?:que|llamad|de nombre))",
    ),
    (
        "home.city",
        r"<S>(?:vivo|vivimos|resido|residimos|estoy viviendo|llevo \w+ \w+ viviendo|habito|estoy afincad[oa])<adv>(?: con [^,;]{2,30}?)? (?:en|cerca de|a las afueras de)(?: la ciudad de)? <place>",
    ),
    (
        "home.city",
        r"<my> (?:nuev[oa] )?(?:casa|piso|apartamento|hogar|departamento)(?:<is>| queda| se encuentra)<adv> en <place>",
    ),
    (
        "@home.city",
        r"\b(?:me mudé|nos mudamos|me he mudado|nos hemos mudado|me trasladé|me he trasladado|me cambié)<adv>(?: en <month>| el (?:mes|año) pasado)?,? (?:de |desde )<old> (?:a|hasta) <place>",
    ),
    (
        "@home.city",
        r"\b(?:me mudé|nos mudamos|me he mudado|nos hemos mudado|me trasladé|me he trasladado|me fui a vivir|me he ido a vivir|nos fuimos a vivir|vine a vivir|me instalé)<adv>(?: en <month>| el (?:mes|año) pasado)?,? (?:a|en) <place>(?: desde <old>)?",
    ),
    (
        "@home.city",
        r"\b(?:me acabo de|acabo de|nos acabamos de) (?:mudar|mudarme|trasladar|trasladarme|mudarnos) (?:de <old> )?a <place>",
    ),
    ("!home.city", r"\bya no vivo en <place>"),
    ("address", r"<my> (?:nueva )?dirección<is> (?P<thing>[^;!?]*\d[^;!?]*)"),
    ("work.job", r"<S>(?:trabajo|trabajamos|estoy trabajando|ejerzo)<adv>(?: en [^,;]{2,25}?)? (?:como|de) <job>"),
    ("work.job", r"<my> (?:profesión|trabajo|oficio|ocupación)<is> (?:el de |de |ser )?<job>"),
    (
        "work.job",
        r"\bsoy<adv> (?:una? )?(?P<job>(?:\w+(?:ista|ero|era|ólogo|óloga|tor|tora|dor|dora|sor|sora|grafo|grafa|iatra|ario|aria|ino|ina)|ingenier[oa]|médic[oa]|abogad[oa]|arquitect[oa]|maestr[oa]|estudiante|veterinari[oa]|cociner[oa]|actor|actriz|piloto|juez|contable|músic[oa]|químic[oa]|físic[oa]|técnic[oa][\w ]*|polic[ií]a|cantante|comerciante|albañil|carpinter[oa]|matron[ao]|partero|comadrona|óptic[oa]|mecánic[oa]|informátic[oa]|farmacéutic[oa]|psicólog[oa]|guía|sastre|chófer|conserje|azafat[ao]|soldado|jubilad[oa])(?: de [\w ]{3,25})?)(?= *(?:$|[,.!;]| y| en| desde))",
    ),
    ("@work.job", r"\b(?:me hice|me he hecho|me convertí en) <job>"),
    (
        "work.employer",
        r"<S>(?:trabajo|trabajamos|estoy trabajando)<adv>(?: como [^,;]{2,25}?)? (?:en|para|con) (?!casa\b)<thing>",
    ),
    ("work.employer", r"<my> (?:empresa|empleador)(?:<is>| se llama) <thing>"),
    (
        "@work.employer",
        r"\b(?:empecé|he empezado|comencé|entré|he entrado|cambié|me he cambiado|me cambié|me incorporé) (?:a trabajar )?(?:en|a|para) <thing>",
    ),
    (
        "@work.employer",
        r"\b(?:tengo|he encontrado|encontré|conseguí) (?:un )?(?:nuevo )?(?:trabajo|empleo|puesto)(?: nuevo)?(?: como [^,;]{2,25}?)? (?:en|para) <thing>",
    ),
    ("!work.employer", r"\bya no trabajo (?:en|para) <thing>"),
    ("study", r"<S>(?:estudio|estudiamos|estoy estudiando)<adv> (?!(?:en|con|mucho|para)\b)<thing>"),
    ("allergy.*", r"\bsoy<adv>(?: muy| gravemente)? alérgic[oa] (?:a la |a los |a las |al |a )<thing>"),
    ("allergy.*", r"\btengo (?:una )?(?:fuerte )?alergia (?:a la |a los |a las |al |a )<thing>"),
    (
        "allergy.*",
        r"^(?:la |el |los |las )?(?P<thing>[^,;.!?]{3,30}?) (?:me (?:sienta|sientan|cae|caen) (?:fatal|muy mal|mal)|me da(?:n)? alergia)",
    ),
    (
        "allergy.*",
        r"\bno (?:tolero|digiero|soporto)<adv> (?:la |el |los |las )(?P<thing>leche|lactosa|gluten|huevos?|nueces|marisco|cacahuetes?|soja)",
    ),
    ("allergy.*", r"\bsoy<adv> intolerante (?:a la |a los |a las |al |a )<thing>"),
    (
        "diet.*",
        r"\b(?:no|nunca|jamás|ya no) (?:como|comemos|bebo|bebemos|tomo|tolero|puedo comer|puedo beber|puedo tomar)<adv> (?:nada de )?<thing>",
    ),
    (
        "diet",
        r"\b(?:soy|somos)<adv> (?:una? )?(?P<thing>vegetarian[oa]s?|vegan[oa]s?|pescetarian[oa]|flexitarian[oa]|celíac[oa]|abstemi[oa])\b",
    ),
    ("diet", r"<S>como<adv> (?P<thing>halal|kosher|sin gluten)\b"),
    ("!diet", r"\b(?:ya no soy|no soy) (?P<thing>vegetarian[oa]|vegan[oa])"),
    (
        "health.*",
        r"\b(?:tengo|padezco|sufro)<adv> (?:de )?(?P<thing>asma|diabetes|migrañas?|epilepsia|artritis|artrosis|hipertensión|eccema|celiaquía|fiebre del heno)\b",
    ),
    (
        "health.*",
        r"\bsoy<adv> (?P<thing>diabétic[oa]|asmátic[oa]|zurd[oa]|diestr[oa]|daltónic[oa]|sord[oa]|cieg[oa]|disléxic[oa]|epiléptic[oa])\b",
    ),
    (
        "language.*",
        r"<S>(?:hablo|hablamos|domino)<adv>(?: con fluidez| un poco de| bien| algo de)? (?!(?:con|de|mucho|en|sobre)\b)<thing>",
    ),
    ("language.*", r"\b(?:estoy aprendiendo|aprendo)<adv> (?:a (?:hablar |tocar )?)?<thing>"),
    ("language.*", r"<my> lengua materna<is> <thing>"),
    ("hobby.*", r"<S>(?:toco|tocamos)<adv> (?:el |la |los |las )<thing>"),
    ("hobby.*", r"<S>(?:juego|jugamos)<adv> (?:al |a la |a los |a )<thing>"),
    ("hobby.*", r"<S>(?:colecciono|practico|canto en|hago)<adv> (?P<thing>(?!falta|caso|bien|mal)[^,;.!?]{3,40})"),
    (
        "hobby.*",
        r"<S>\w{3,}o<adv> (?P<thing>[^,;.!?]{3,40}? (?:cada|todos los|todas las) (?:semanas?|fin(?:es)? de semana|días?|mañanas?|tardes|noches|meses|mes|lunes|martes|miércoles|jueves|viernes|sábados?|domingos?))",
    ),
    ("hobby.*", r"<my> (?:mayor |principal )?(?:afición|pasatiempo|hobby|pasión)(?: favorit[oa])?<is> <thing>"),
    ("favourite.{noun}", r"<my> <noun> (?:favorit[oa]s?|preferid[oa]s?)<is> <thing>"),
    ("favourite.{noun}", r"^(?P<thing>[^,;!?]{2,50}?) es <my> <noun> (?:favorit[oa]|preferid[oa])"),
    (
        "dislike.*",
        r"\b(?:no me gustan?|no soporto|odio|detesto|no aguanto|me dan? miedo|no nos gustan?)<adv>(?: nada| mucho)? (?!(?:que|cuando|eso|esto|tu)\b)<thing>",
    ),
    (
        "like.*",
        r"(?<!no )\b(?:me gustan?|me encantan?|me apasionan?|nos gustan?|nos encantan?|me fascinan?|adoro|amo|prefiero|disfruto)<adv> (?!(?:que|cuando|eso|esto|tu|cómo|como me)\b)<thing>",
    ),
    (
        "like.*",
        r"\bsoy<adv> (?:un |una )?(?:gran )?(?:fan|aficionad[oa]|amante|apasionad[oa]) (?:de la |de los |de las |del |de |a la |al |a )<thing>",
    ),
    ("car", r"<S>(?:conduzco|manejo)<adv> (?:una? )?<thing>"),
    (
        "own.*",
        r"\b(?:me he comprado|me compré|compré|he comprado|hemos comprado|compramos|heredé) (?P<thing>(?:una? )(?:\w+ )?(?:casa|coche|carro|auto|bicicleta|bici|barco|piano|guitarra|piso|moto|ordenador|caravana|telescopio|cámara|apartamento)\b)",
    ),
    (
        "plan.{noun}",
        r"<my> (?:próxim[oa] )?<noun>(?: (?:a|para|con|de|hacia) [^,;!?]{2,30}?)?(?:<is>| sale| empieza| comienza| despega| termina| llega| cae| será| se ha cambiado al?)<adv> (?:el |en |a |al |para el )?<when>",
    ),
    ("plan.*", r"\b(?:tengo|tenemos)<adv> (?P<thing>[^,;!?]{3,60}?(?:<date_in>)[^,;!?]{0,40})"),
    (
        "plan.*",
        r"(?:\b(?:voy|vamos|viajo|viajamos|vuelo|volamos|me mudo|nos mudamos|me caso|nos casamos|visito|visitaré|iré|iremos|viajaré|empiezo|salgo|salimos|corro|debo|tengo que|me operan|me voy|nos vamos)) (?P<thing>[^;!?]{0,70}?(?:<date_in>)[^;!?]{0,40})",
    ),
    (
        "plan.*",
        r"^(?P<thing>(?:<date_in>),? (?:yo )?(?:voy|vamos|viajo|viajamos|vuelo|me mudo|me caso|nos casamos|visito|iré|viajaré|empiezo|salgo|corro|tengo|tenemos) [^;!?]{3,60})",
    ),
    (
        "plan.*",
        r"\b(?:estoy planeando|planeo|estoy preparando|estoy ahorrando para|me estoy preparando para|entreno para) (?P<thing>[^,;!?]{3,50})",
    ),
    (
        "event.*",
        r"\b(?P<thing>(?:adopté|gané|corrí|publiqué|aprobé|me gradué|me licencié|me casé|nos casamos|me rompí|me jubilé|dejé de fumar|renuncié|fundé|visité|me operaron|me ascendieron|he ganado|he aprobado|he publicado|me he casado|me he roto|me he graduado|he dejado de fumar|he visitado)\b[^,;!?]{0,60})",
    ),
    ("?{noun}", r"<my> <noun><is> <thing>"),
)
SPANISH = Language(
    code="es",
    mine=r"\b(?:yo|me|mí|mi|mis|nosotros|nosotras|nos|nuestr[oa]s?|soy|tengo|vivo|trabajo|hablo|estoy|toco|juego|prefiero|conduzco|manejo|colecciono|bebo|como|tomo|voy|vamos|nací|odio|adoro|amo|somos|tenemos|vivimos|llámame|estudio|viajo|vuelo|\w+[éí]|cumplo|resido|practico|detesto|sufro|aprendo|soporto|he|vengo|planeo|disfruto|domino|puedo|podemos|tolero|necesito|llevo|quiero|debo|salgo|salimos|viajamos|volamos|celebro|compré|vendí|hago|salgo|nado|corro|canto|cocino)\b",
    words=WORDS,
    rules=RULES,
    reported=r"\b(?!yo\b)\w+ (?:me |nos |le )?(?:dice|dijo|dicen|decía|ha dicho|cree|creía|piensa|pensaba|pregunta|preguntó|escribe|escribió|afirma|afirmó|cuenta|contó|opina)\b|\bsegún \w+|\b(?:dijo|dice|preguntó) (?:que|mi|él|ella)\b",
    unreal=r"\b(?:si (?:yo|tuviera|viviera|fuera|pudiera|mi|me|no|tengo|vivo|hablo|trabajo|soy)|imagina|imaginemos|supongamos|quisiera|querría|gustaría|encantaría|podría|sería|tendría|llamaría|viviría|soñé|historia|novela|poema|personaje|papel|por ejemplo|traduce|traduzca|reformula|corrige|escribe|redacta|como si|qué|dónde|quién|cómo|cuándo|cuál|por qué|ojalá|broma|canción|haz como|finge)\b",
    past=r"\b(?:antes|solía|de niñ[oa]|cuando era|casi|antiguamente)\b",
    later=r"(?:^|[,;.] |\by )(?:se llama|su nombre es) <name>",
    starts=r"yo|me|mi|mis|nosotros|nos|nuestr[oa]|él|ella|ellos|tú|usted|su|sus|el|la|los|las|eso|esto|si|ahora|llámame|así|soy|tengo|vivo|trabajo|hablo|no|estoy|porque|aunque",
    joins=r"y|pero|porque|así que|aunque|mientras|entonces|sino|pues|e",
    stops=r"pero|porque|pues|así|desde|cuando|que|quien|si|aunque|mientras|y (?:yo|me|mi|no|vivo|trabajo|soy|tengo|él|ella)|ahora|cada|todos los|todas las|a veces|sobre todo|actualmente|con|y|es|son|era|en|para|por|al|a|más que|pasado|pasada|hoy|mañana|ayer|no|o|hace|del|del año|antes|últimamente",
    before=r"en|para|con|de|del|desde|por|a|al",
    articles=r"un|una|unos|unas|el|la|los|las|mi|mis|nuestr[oa]|muy|mucho|lo|del|al|algo de",
    deictic=r"eso|esto|esta|este|ese|esa|esos|estas|estos|tú|te|ti|tu|tus|usted|su|sus|le|les|que|qué|cómo|dónde|cuándo|por|no|nada|todo|algo|alguien|bien|mal|cansad[oa]|enferm[oa]|content[oa]|feliz|aquí|allí|ya|más|muy|hambre|sed|frío|calor|razón|sueño|miedo|prisa|ganas|que|una pregunta|un problema|una duda|tiempo|suerte|cuidado|de acuerdo|lo|la verdad|cuenta|yo",
    adjectives=r"español|española|mexican[oa]|argentin[oa]|colombian[oa]|chilen[oa]|peruan[oa]|italian[oa]|francés|francesa|alemán|alemana|inglés|inglesa|cansad[oa]|enferm[oa]|content[oa]|feliz|primer[oa]|últim[oa]|únic[oa]|list[oa]",
    tails=r"ahora|también|por favor|hoy|ya|todavía|aún|mucho|muchísimo|juntos|sol[oa]|aquí|allí|y|o|pero|de|a|en|con|como|del|el|la|un|una|siempre|más|nada|de verdad|años|actualmente|bastante|que|los|las",
    attributes=r"hobby|trabajo|profesión|estatura|altura|talla|número de zapato|color de ojos|color de pelo|signo|signo zodiacal|instrumento|religión|nacionalidad|meta|sueño|coche|carro|bicicleta|teléfono|lengua materna|número de la suerte|equipo|club|apellido|apodo|peso|grupo sanguíneo|tipo de sangre|número de teléfono|código postal|ciudad|dieta|plato favorito|raza",
    secrets=r"contraseña|clave|pin|código pin|iban|número de tarjeta|número de cuenta|número de seguridad social",
    nouns={
        "perro": "dog", "perra": "dog", "perrito": "dog", "cachorro": "dog", "gato": "cat", "gata": "cat", "gatito": "cat", "hermana": "sister", "hermano": "brother",
        "madre": "mother", "mama": "mother", "padre": "father", "papa": "father", "hijo": "son", "hija": "daughter", "mujer": "wife", "esposa": "wife", "marido": "husband",
        "esposo": "husband", "caballo": "horse", "pajaro": "bird", "conejo": "rabbit", "abuela": "grandmother", "abuelo": "grandfather", "color": "colour", "comida": "food",
        "pelicula": "film", "libro": "book", "coche": "car", "carro": "car", "jefe": "boss", "jefa": "boss", "loro": "parrot", "medico": "doctor", "dentista": "dentist",
    },
)  # fmt: skip
