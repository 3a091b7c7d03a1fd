"""How users word requests about memory itself, in each language."""

from dataclasses import dataclass

POLITE = r"^(?:(?:hey|hi|ok|okay|so|and|also|well|cleo|please|bitte|und|also|alsjeblieft|por favor|per favore|s'il te plaît|s'il vous plaît|stp|svp|e|et|y|en|oh)[,!. ]+)*"
"""Words before a request that change nothing about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a language words them; each pattern is matched from the beginning of a message."""

    remember: str
    forget: str
    tell: str
    nothing: str
    """What is forgotten in a manner of speaking only: it, about it."""
    everything: str
    replies: tuple[tuple[str, str], ...]
    """(slot, pattern) of how replies are to be."""


ENGLISH = Wording(
    remember=r"(?:(?:can|could|will|would) you )?(?:please )?(?:remember|don't forget|do not forget|never forget|keep in mind|bear in mind|make a note|memori[sz]e|take note|(?:save|store|note)(?= that (?:I|my|we|our)\b))(?: this| for (?:me|later|next time|the future))?(?: that|:|,| of)? (?!when\b|how we\b|what\b|me\b|it\b)(?P<text>.+)",
    forget=r"(?:(?:can|could|will|would) you )?(?:please )?(?:forget|stop remembering|unlearn|(?:delete|erase|remove)(?= (?:my|what I|everything|all)\b))(?: what I (?:said|told you) about| everything (?:you know )?about| all about| about| the fact| from (?:your )?memory| the memory)?(?: that|:)? (?P<text>.+)",
    tell=r"(?:(?:so|and|please|can you|could you) )*(?:(?:tell me )?what (?:do|did|have) you (?:know|remember|learn(?:ed|t)?|remembered|stored|saved|keep)(?: so far| already)? (?:about|of|on) (?:me|myself)(?: so far| already| now)?|(?:tell me )?(?:what|everything) (?:you know|you remember|you have learned|you've learned)(?: so far)? about (?:me|myself)|do you (?:remember|know) who I am|who am I|what do you remember|list (?:everything|what) you know about me|show (?:me )?(?:my memories|what you remember(?: about me)?))[?.! ]*$",
    nothing=r"(?:about )?(?:it|that|this|him|her|them|the rest|to \w+.*|what I (?:just )?said|all that|my last (?:message|question)|the last (?:message|question))[.! ]*$",
    everything=r"(?:me|myself|everything|all)(?: (?:that )?(?:you know|you remember|you have learned|I (?:have )?(?:ever )?(?:told|said)(?: to)? you|about me|you know about me|you remember about me))*[.! ]*$",
    replies=(
        ("reply.length", r"(?:from now on,? |always |in future,? |for now,? )*(?:please )?(?:always )?(?:answer|reply|respond|write)(?: me| to me| always| only| everything| my questions)* (?:in|with|using) (?:(?:just |only |at most |no more than |a maximum of )*(?:one|a single|two|three|short|a few|\d+) )(?:short )?(?:sentences?|words?|lines?)"),
        ("reply.length", r"(?:from now on,? |always |in future,? )*(?:please )?(?:keep (?:your |the |all )?(?:answers?|replies|reply|responses?|it) (?:short|brief|concise|long|detailed|under \d+ words)|be (?:more )?(?:brief|concise|short)|(?:answer|reply) (?:briefly|concisely|shortly|in detail)|(?:give me |use )?short(?:er)? answers)"),
        ("reply.language", r"(?:from now on,? |always |in future,? )*(?:please )?(?:always )?(?:answer|reply|respond|speak|talk|write)(?: me| to me| with me| always| only)* in (?P<value>english|german|french|spanish|dutch|italian|portuguese|polish|[A-Z]\w+)"),
        ("reply.form", r"(?:from now on,? |always |in future,? )*(?:please )?(?:(?:don't|do not|never|no|stop) (?:use |using |with )?(?:any )?(?:emojis?|bullet points|lists|markdown|headings|exclamation marks)|(?:always )?use (?:metric|imperial|bullet points|simple (?:words|language)|plain language|emojis?)(?: units)?)"),
        ("reply.tone", r"(?:from now on,? |always |in future,? )*(?:please )?(?:always )?(?:be (?:more )?(?:formal|informal|friendly|direct|polite|honest)|(?:answer|reply|speak|talk|explain)(?: to me| things| everything)* (?:formally|informally|simply|like I'm (?:five|5)|as if I were (?:five|5)))"),
    ),
)  # fmt: skip
GERMAN = Wording(
    remember=r"(?:kannst du |könntest du )?(?:bitte )?(?:merk(?:e)? dir|merken sie sich|vergiss nicht|denk(?:e)? (?:bitte )?daran|behalte?(?: im kopf)?|notier(?:e)?(?: dir)?|speicher(?:e)?|dir merken)(?: bitte| folgendes)?[,:]?(?: dass)? (?P<text>.+)",
    forget=r"(?:kannst du |könntest du )?(?:bitte )?(?:vergiss|vergessen sie|lösch(?:e)?)(?: bitte)?(?: alles über| was ich über)?[,:]?(?: dass)? (?P<text>.+)",
    tell=r"(?:(?:und|also|bitte) )*(?:(?:sag mir,? )?was (?:weißt|weisst|hast|merkst|wissen|haben) (?:du|sie)(?: dir| sich)?(?: alles| denn| so| bisher| schon| eigentlich)* (?:über|von) mi(?:ch|r)(?: gelernt| gemerkt| behalten| gespeichert)?|(?:sag mir|zeig mir|erzähl mir),? (?:alles,? )?was du (?:alles )?über mich weißt|weißt du,? wer ich bin|wer bin ich|was hast du dir gemerkt)[?.! ]*$",
    nothing=r"(?:es|das|dies|ihn|sie|den rest|das alles|nicht.*|was ich (?:gerade |eben )?gesagt habe)[.! ]*$",
    everything=r"(?:mich|mir|alles)(?:,? was (?:du|ich) .*| über mich)?[.! ]*$",
    replies=(
        ("reply.length", r"(?:ab jetzt |von nun an |in zukunft |bitte |immer )*(?:antworte?|antworten sie|schreib(?:e)?)(?: mir| bitte| immer| nur| ab jetzt| künftig)* (?:in|mit)(?: nur| höchstens| maximal)* (?:einem|einen|zwei|drei|wenigen|kurzen|\d+) (?:kurzen )?(?:satz|sätzen|worten|wörtern|zeilen)"),
        ("reply.length", r"(?:ab jetzt |von nun an |in zukunft |bitte |immer )*(?:fass(?:e)? dich (?:bitte )?kurz|halte? (?:deine |die )?antworten (?:bitte )?(?:kurz|knapp)|antworte?(?: mir| bitte| immer)* (?:kurz|knapp|ausführlich)|kurze antworten)"),
        ("reply.language", r"(?:ab jetzt |von nun an |in zukunft |bitte |immer )*(?:antworte?|sprich|schreib(?:e)?|rede|antworten sie)(?: mir| mit mir| bitte| immer| nur| ab jetzt)* (?:auf|in) (?P<value>deutsch|englisch|französisch|spanisch|niederländisch|italienisch|portugiesisch|[A-Z]\w+sch)"),
        ("reply.form", r"(?:ab jetzt |von nun an |in zukunft |bitte |immer )*(?:(?:benutze?|verwende?)(?: bitte)? (?:keine |metrische |einfache )?(?:emojis|listen|aufzählungen|einheiten|sprache|worte)|keine (?:emojis|listen|aufzählungen))"),
        ("reply.tone", r"(?:ab jetzt |von nun an |in zukunft |bitte |immer )*(?:duz(?:e)? mich|siez(?:e)? mich|sei (?:bitte )?(?:förmlich(?:er)?|freundlich(?:er)?|direkt(?:er)?|ehrlich))"),
    ),
)  # fmt: skip
FRENCH = Wording(
    remember=r"(?:peux-tu |pouvez-vous )?(?:souviens-toi|souvenez-vous|rappelle-toi|rappelez-vous|retiens|retenez|n'oublie pas|n'oubliez pas|note|notez|garde en tête|mémorise|retenir|noter)(?: bien| ceci)?(?: que|:| de| qu')? ?(?P<text>.+)",
    forget=r"(?:peux-tu |pouvez-vous )?(?:oublie|oubliez|efface|effacez|supprime|supprimez|oublier)(?: tout ce que tu sais sur| ce que j'ai dit sur| le fait)?(?: que|:| qu')? ?(?P<text>.+)",
    tell=r"(?:(?:et|alors|dis-moi) )*(?:(?:dis-moi )?(?:que|qu'est-ce que|ce que) (?:sais-tu|savez-vous|tu sais|vous savez|retiens-tu|tu as retenu|tu as appris|as-tu (?:appris|retenu))(?: déjà)? (?:sur|de|à propos de) moi|tout ce que tu sais (?:sur|de) moi|sais-tu qui je suis|qui suis-je|tu sais quoi sur moi|de quoi te souviens-tu)[ ?.!]*$",
    nothing=r"(?:ça|cela|le|la|les|tout ça|pas.*|le reste|ce que je viens de dire)[.! ]*$",
    everything=r"(?:moi|tout)(?: ce que (?:tu|vous|je) .*| sur moi)?[.! ]*$",
    replies=(
        ("reply.length", r"(?:désormais,? |à partir de maintenant,? |toujours )*(?:réponds|répondez|écris|répondre)(?:[- ]moi| toujours| seulement| juste| s'il te plaît| désormais)* (?:en|par|avec)(?: seulement| au plus| maximum)* (?:une|une seule|deux|trois|quelques|\d+) (?:seule |courtes? )?(?:phrases?|mots?|lignes?)"),
        ("reply.length", r"(?:désormais,? |à partir de maintenant,? |toujours )*(?:(?:sois|soyez) (?:plus )?(?:bref|brève|concis|concise)|(?:réponds|répondez)(?:[- ]moi| toujours)* (?:brièvement|en bref|en détail)|fais (?:court|des réponses courtes)|des réponses courtes)"),
        ("reply.language", r"(?:désormais,? |à partir de maintenant,? |toujours )*(?:réponds|répondez|parle|parlez|écris|écrivez)(?:[- ]moi| toujours| seulement| avec moi| désormais)* en (?P<value>français|anglais|allemand|espagnol|néerlandais|italien|portugais)"),
        ("reply.form", r"(?:désormais,? |toujours )*(?:n'utilise (?:pas|plus) (?:de |d')(?:emojis?|listes?|émojis?)|pas d'(?:emojis?|émojis?)|utilise (?:des mots simples|le système métrique))"),
        ("reply.tone", r"(?:désormais,? |toujours )*(?:tutoie[- ]moi|vouvoie[- ]moi|tutoyez[- ]moi|sois (?:plus )?(?:formel|direct|amical))"),
    ),
)  # fmt: skip
SPANISH = Wording(
    remember=r"(?:¿?puedes |¿?podrías )?(?:recuerda|recuerde|acuérdate|no olvides|no te olvides|ten en cuenta|anota|apunta|memoriza|guarda|recordar)(?: de| bien| esto)?(?: que|:)? (?P<text>.+)",
    forget=r"(?:¿?puedes |¿?podrías )?(?:olvida|olvide|olvídate de|borra|elimina|suprime|olvidar)(?: todo lo que sabes (?:sobre|de)| lo que dije (?:sobre|de)| lo de)?(?: que|:)? (?P<text>.+)",
    tell=r"(?:(?:y|dime|entonces) )*¿?(?:(?:dime )?(?:qué|que|lo que) (?:sabes|recuerdas|has aprendido|conoces)(?: ya)? (?:sobre|de|acerca de) (?:mí|mi)|dime (?:todo )?lo que sabes (?:sobre|de) mí|(?:sabes|recuerdas) quién soy|quién soy(?: yo)?|qué recuerdas)[?.! ]*$",
    nothing=r"(?:eso|esto|lo|lo que acabo de decir|todo eso|el resto|no.*)[.! ]*$",
    everything=r"(?:mí|todo)(?: lo que .*| sobre mí)?[.! ]*$",
    replies=(
        ("reply.length", r"(?:a partir de ahora,? |de ahora en adelante,? |siempre )*(?:responde|responda|contesta|contéstame|respóndeme|escribe)(?: siempre| solo| sólo| por favor)* (?:en|con)(?: solo| sólo| máximo)* (?:una|una sola|dos|tres|pocas|\d+) (?:sola |cortas? )?(?:frases?|oraci(?:ón|ones)|palabras?|líneas?)"),
        ("reply.length", r"(?:a partir de ahora,? |de ahora en adelante,? |siempre )*(?:sé (?:más )?(?:breve|conciso|concisa)|(?:responde|contesta)(?: siempre)* (?:brevemente|en breve|con detalle)|respuestas cortas)"),
        ("reply.language", r"(?:a partir de ahora,? |de ahora en adelante,? |siempre )*(?:responde|respóndeme|contesta|contéstame|habla|háblame|escribe|escríbeme)(?: siempre| solo| sólo| conmigo)* en (?P<value>español|inglés|alemán|francés|holandés|neerlandés|italiano|portugués)"),
        ("reply.form", r"(?:a partir de ahora,? |siempre )*(?:no uses (?:emojis?|listas|emoticonos)|sin emojis?|usa (?:palabras sencillas|el sistema métrico))"),
        ("reply.tone", r"(?:a partir de ahora,? |siempre )*(?:tutéame|trátame de (?:tú|usted)|sé (?:más )?(?:formal|directo|amable))"),
    ),
)  # fmt: skip
DUTCH = Wording(
    remember=r"(?:kun je |kan je |wil je )?(?:onthoud|onthouden|vergeet niet|denk eraan|noteer|bewaar|schrijf op|houd in gedachten)(?: alsjeblieft| goed)?(?: dat|:|,)? (?P<text>.+)",
    forget=r"(?:kun je |kan je |wil je )?(?:vergeet|vergeten|wis|verwijder)(?: alsjeblieft| maar)?(?: alles over| wat ik zei over| wat ik heb gezegd over)?(?: dat|:|,)? (?P<text>.+)",
    tell=r"(?:(?:en|dus|zeg eens|vertel me) )*(?:(?:vertel me )?wat (?:weet|heb|onthoud|herinner) (?:je|jij|u)(?: je)?(?: allemaal| al| nu| eigenlijk)* (?:over|van) mij?(?: geleerd| onthouden)?|vertel (?:me )?(?:alles )?wat je (?:over|van) mij? weet|weet je wie ik ben|wie ben ik|wat heb je onthouden)[?.! ]*$",
    nothing=r"(?:het|dat|dit|maar|hem|haar|de rest|niet.*|wat ik net zei|dat maar)[.! ]*$",
    everything=r"(?:mij|me|alles)(?: wat (?:je|ik) .*| over mij)?[.! ]*$",
    replies=(
        ("reply.length", r"(?:vanaf nu |voortaan |altijd )*(?:antwoord|antwoord me|schrijf)(?: alsjeblieft| altijd| alleen| voortaan)* (?:in|met)(?: maximaal| hooguit| slechts)* (?:één|een|twee|drie|enkele|een paar|\d+) (?:korte )?(?:zin(?:nen)?|woord(?:en)?|regels?)"),
        ("reply.length", r"(?:vanaf nu |voortaan |altijd )*(?:houd? (?:het|je antwoorden) kort|wees (?:kort|beknopt|bondig)|antwoord(?: altijd| me)* (?:kort|beknopt|uitgebreid)|korte antwoorden)"),
        ("reply.language", r"(?:vanaf nu |voortaan |altijd )*(?:antwoord|spreek|praat|schrijf)(?: me| mij| altijd| alleen| met mij| voortaan| alsjeblieft)* in het (?P<value>nederlands|engels|duits|frans|spaans|italiaans|portugees)"),
        ("reply.form", r"(?:vanaf nu |voortaan |altijd )*(?:gebruik (?:geen|eenvoudige|metrische) (?:emoji's|lijstjes|lijsten|woorden|taal|eenheden)|geen emoji's)"),
        ("reply.tone", r"(?:vanaf nu |voortaan |altijd )*(?:tutoyeer me|vousvoyeer me|wees (?:formeler|directer|vriendelijker))"),
    ),
)  # fmt: skip
ITALIAN = Wording(
    remember=r"(?:puoi |potresti )?(?:ricorda(?:ti)?|ricordati|non dimenticare|tieni a mente|tieni presente|prendi nota|annota|memorizza|segna(?:ti)?|ricordare)(?: bene)?(?: che|:| di)? (?P<text>.+)",
    forget=r"(?:puoi |potresti )?(?:dimentica(?:ti)?|scorda(?:ti)?|cancella|elimina|dimenticare)(?: tutto quello che sai (?:su|di|della|del)| quello che ho detto (?:su|di))?(?: che|:| di)? (?P<text>.+)",
    tell=r"(?:(?:e|dimmi|allora) )*(?:(?:dimmi )?(?:che cosa|cosa|che|quello che) (?:sai|ricordi|hai imparato|conosci)(?: già)? (?:su|di|riguardo a) (?:di )?me|dimmi (?:tutto )?(?:quello|ciò) che sai (?:su|di) (?:di )?me|(?:sai|ricordi) chi sono|chi sono(?: io)?|cosa ricordi)[?.! ]*$",
    nothing=r"(?:ciò|questo|quello|lo|tutto questo|il resto|non.*|quello che ho appena detto)[.! ]*$",
    everything=r"(?:me|tutto)(?: quello che .*| ciò che .*| su di me)?[.! ]*$",
    replies=(
        ("reply.length", r"(?:d'ora in poi,? |da adesso in poi,? |sempre )*(?:rispondi|rispondimi|scrivi)(?: sempre| solo| per favore)* (?:in|con)(?: solo| massimo| al massimo)* (?:una|una sola|due|tre|poche|\d+) (?:sola |brevi? )?(?:fras[ei]|parol[ae]|righ[ae])"),
        ("reply.length", r"(?:d'ora in poi,? |da adesso in poi,? |sempre )*(?:sii (?:più )?(?:breve|conciso|concisa)|rispondi(?: sempre)* (?:brevemente|in breve|in dettaglio)|risposte (?:brevi|corte))"),
        ("reply.language", r"(?:d'ora in poi,? |da adesso in poi,? |sempre )*(?:rispondi|rispondimi|parla|parlami|scrivi|scrivimi)(?: sempre| solo| con me)* in (?P<value>italiano|inglese|tedesco|francese|spagnolo|olandese|portoghese)"),
        ("reply.form", r"(?:d'ora in poi,? |sempre )*(?:non usare (?:emoji|elenchi|liste)|niente emoji|usa (?:parole semplici|il sistema metrico))"),
        ("reply.tone", r"(?:d'ora in poi,? |sempre )*(?:dammi del (?:tu|lei)|sii (?:più )?(?:formale|diretto|gentile))"),
    ),
)  # fmt: skip
PORTUGUESE = Wording(
    remember=r"(?:podes |pode |poderia )?(?:lembra-te|lembre-se|lembre|lembra|não (?:te )?esqueças|não (?:se )?esqueça|anota|anote|guarda|guarde|memoriza|memorize|lembrar)(?: de| bem| disto)?(?: que|:)? (?P<text>.+)",
    forget=r"(?:podes |pode |poderia )?(?:esquece|esqueça|esquecer|apaga|apague)(?: tudo o que sabes? sobre| o que eu disse sobre)?(?: que|:)? (?P<text>.+)",
    tell=r"(?:(?:e|então|diz-me|me diga) )*(?:o que (?:é que )?(?:(?:tu |você )?sabes?|lembras?|(?:você )?aprendeu|aprendeste)(?: já)? (?:sobre|de|a respeito de) mim|(?:diz-me|me diga) (?:tudo )?o que sabes? sobre mim|(?:sabes?|lembras?-te de) quem (?:eu )?sou|quem sou eu|quem eu sou)[?.! ]*$",
    nothing=r"(?:isso|isto|lo|o que acabei de dizer|tudo isso|o resto|não.*)[.! ]*$",
    everything=r"(?:mim|tudo)(?: o que .*| sobre mim)?[.! ]*$",
    replies=(
        ("reply.length", r"(?:a partir de agora,? |de agora em diante,? |sempre )*(?:responde|responda|responda-me|escreve|escreva)(?: sempre| só| apenas| por favor)* (?:em|com|numa)(?: só| apenas| no máximo)* ?(?:uma|uma só|duas|três|poucas|\d+)? ?(?:só |curtas? )?(?:frases?|palavras?|linhas?)"),
        ("reply.length", r"(?:a partir de agora,? |de agora em diante,? |sempre )*(?:sê (?:mais )?breve|seja (?:mais )?(?:breve|conciso|concisa)|(?:responde|responda)(?: sempre)* (?:brevemente|em detalhe)|respostas curtas)"),
        ("reply.language", r"(?:a partir de agora,? |de agora em diante,? |sempre )*(?:responde|responda|fala|fale|escreve|escreva)(?: sempre| só| comigo)* em (?P<value>português|inglês|alemão|francês|espanhol|holandês|italiano)"),
        ("reply.form", r"(?:a partir de agora,? |sempre )*(?:não (?:uses|use) (?:emojis?|listas)|sem emojis?)"),
        ("reply.tone", r"(?:a partir de agora,? |sempre )*(?:trata-me por (?:tu|você)|seja (?:mais )?(?:formal|direto|gentil))"),
    ),
)  # fmt: skip
WORDINGS = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "nl": DUTCH, "it": ITALIAN, "pt": PORTUGUESE}
