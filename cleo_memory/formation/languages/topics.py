"""What questions are about, broadly: "Can I eat this?" is about allergies and diets, "Do I have pets?" about any of them.

Where a question does not ask for a slot in so many words (`questions`), these say which slots bear on it. In a topic one
line of patterns is one language: English, German, French, Spanish, Dutch, Italian, Portuguese; all in the first person,
over folded text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

FILLERS = frozenset(
    word
    for words in (
        "know remember tell say recall hey hi hello please cleo again actually exactly currently still now right today tonight really",
        "weisst kennst erinnerst sag sage gerade jetzt eigentlich nochmal noch bitte aktuell derzeit zurzeit momentan",
        "sais rappelles souviens dis encore maintenant actuellement deja exactement",
        "sabes recuerdas dime ahora todavia actualmente exactamente",
        "weet herinner zeg eigenlijk momenteel precies alsjeblieft",
        "sai ricordi dimmi ancora adesso ora attualmente esattamente",
        "sabe lembra lembras diga agora atualmente exatamente",
    )
    for word in words.split()
)
"""Words that say no more of what is asked for."""
HOW_TO = re.compile(
    r"\W*(?:how (?:do|can|could|should|might|to)|wie (?:kann|konnte|soll|sollte|muss)"
    r"|comment (?:est-ce que )?(?:je peux|puis-je|faire|je dois|dois-je)"
    r"|como (?:puedo|debo|hago|posso|faco)|hoe (?:kan|moet)|come (?:posso|devo|faccio))\b"
)
"""Asks how something is done, by whomever."""


@dataclass(frozen=True)
class Topic:
    """Slots that bear on a question, how it is worded, and words that say no more when it is."""

    slots: str
    asks: Sequence[str]
    about: str = field(default="(?!)")

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.asks))

    @cached_property
    def fill(self) -> re.Pattern[str]:
        return re.compile(self.about)


TOPICS = (
    Topic(
        "home.city address city residence location",
        (
            r"\b(?:do|did|am|have|was|where|are) (?:i|we)(?: \w+)?(?: been)? (?:live|living|lived|reside|based|settled|move)\b",
            r"\b(?:i|we)(?:'m| am|'ve been| have been)? (?:\w+ )?(?:live|living|lived|reside|residing|based)\b",
            r"\bmy (?:current |new |own |home )?(?:home|house|flat|apartment|city|town|place of residence|residence|address)\b(?!')",
            r"\b(?:wohn|leb)(?:e|te|en|ten) (?:ich|wir)\b|\b(?:ich|wir) (?:\w+ )?(?:wohn|leb)(?:e|te|en|ten)\b",
            r"\bmein\w* (?:wohnort|zuhause|wohnung|haus|stadt|adresse|anschrift)\b|\b(?:bin ich|ich) (?:\w+ ){0,6}(?:um|hin)?gezogen\b|\bich zu ?hause\b",
            r"\bj'(?:habit\w+|ai demenage)|\bj'y habite|\bje (?:vis|vivais|reside|demeure|loge)\b|\bhabite-je|\bvis-je",
            r"\bm(?:a|on) (?:ville|maison|adresse|domicile|appartement)\b",
            r"\b(?:vivo|vivia|resido)\b|\bmi (?:ciudad|casa|direccion|domicilio|hogar|piso)\b|\bme mude\b",
            r"\b(?:woon|leef|woonde|verblijf) (?:ik|we|wij)\b|\b(?:ik|wij) (?:\w+ )?(?:woon|woonde|verblijf)\b|\bmijn (?:woonplaats|stad|huis|adres|thuis)\b|\b(?:ben ik|ik) (?:\w+ ){0,6}verhuisd\b",
            r"\b(?:abito|vivo|risiedo|abitavo|vivevo|abitiamo)\b|\bmi[ao] (?:citta|casa|indirizzo|residenza)\b|\bcasa mia\b|\bsto di casa\b|\bmi sono trasferit",
            r"\b(?:moro|vivo|resido|morava|vivia)\b|\bminha (?:cidade|casa|morada)\b|\bmeu endereco\b",
        ),
        r"\b(?:city|town|place|country|village|street|stadt|ort|strasse|land|ville|pays|endroit|rue|ciudad|pais|sitio"
        r"|calle|stad|plaats|straat|citta|paese|via|cidade)\b",
    ),
    Topic(
        "origin birthplace nationality",
        (
            r"\b(?:am|do|did|was) i (?:\w+ )?(?:come |originally )?(?:from|born|raised|grow up)\b|\bi (?:\w+ )?(?:come from|was born|grew up)\b|\bmy (?:birthplace|home ?town|home country|nationality|origins?|roots)\b",
            r"\b(?:komme|stamme|wurde|bin) ich (?:\w+ )?(?:her|geboren|aufgewachsen|ursprunglich)\b|\bstamme ich\b|\bich (?:\w+ )?(?:herkomme|geboren|aufgewachsen)\b|\bmein\w* (?:herkunft|heimat\w*|geburtsort)\b",
            r"\b(?:viens-je|je viens|j'ai grandi|suis-je ne|je suis ne|suis-je originaire|je suis originaire)|\bm(?:es|a) (?:origines|nationalite)\b",
            r"\b(?:de donde (?:soy|vengo)|naci|creci|me crie)\b|\bmi (?:origen|nacionalidad)\b",
            r"\bkom ik (?:\w+ )?vandaan\b|\bben ik (?:geboren|opgegroeid)\b|\bik (?:vandaan kom|geboren ben)\b|\bmijn (?:afkomst|geboorteplaats)\b",
            r"\bd(?:i|a) dove (?:sono|vengo)\b|\bsono (?:nat|cresciut)[oa]\b|\bmi[ae] (?:origini|nazionalita)\b",
            r"\bde onde (?:eu )?(?:sou|venho)\b|\b(?:nasci|cresci)\b|\bminha (?:origem|nacionalidade)\b",
        ),
    ),
    Topic(
        "name name.preferred",
        (
            r"\bmy (?:own |full |first |last |real |middle )?(?:name|surname|nickname)\b(?! of)|\bwho (?:am i|i am)\b|\bam i called\b|\bcall me\b",
            r"\bmein\w* (?:voller |eigener |ganzer )?(?:name|namen|vorname|nachname|spitzname)\b|\bheisse ich\b|\bich heisse\b|\bwer (?:bin ich|ich bin)\b|\bnennst du mich\b",
            r"\bmon (?:nom|prenom|surnom)\b|\bje m'appelle|\bm'appelle-|\bm'appell?es?\b|\bqui (?:suis-je|je suis)",
            r"\bmi (?:nombre|apellido|apodo)\b|\bme llamo\b|\bquien soy\b|\bme llamas\b",
            r"\bmijn (?:voor|achter|bij)?naam\b|\bheet ik\b|\bik heet\b|\bwie (?:ben ik|ik ben)\b|\bnoem je mij?\b",
            r"\bmi chiam[oi]\b|\bmi[oa] (?:nome|cognome|soprannome)\b|\bchi sono\b",
            r"\bme chamo\b|\bchamo-me\b|\bmeu (?:nome|apelido|sobrenome)\b|\bquem (?:eu )?sou\b",
        ),
    ),
    Topic(
        "age birthday",
        (
            r"\bhow old (?:am i|i am|will i)\b|\bmy (?:age|birth ?day|date of birth|birth ?date)\b|\b(?:was|were) i born\b|\bi was born\b",
            r"\bwie alt (?:bin|werde) ich\b|\bich (?:bin )?alt\b|\bmein\w* (?:alter|geburtstag|geburtsdatum|geburtsjahr)\b|\b(?:wurde|bin) ich geboren\b|\bich (?:geboren|geburtstag)\b",
            r"\bquel age (?:ai-je|j'ai|est-ce que j'ai)|\bj'ai quel age|\bmon (?:age|anniversaire)\b|\bma date de naissance\b|\bsuis-je nee?\b|\bje suis nee?\b",
            r"\b(?:cuantos anos|que edad) (?:tengo|cumplo)\b|\bmi (?:edad|cumple\w*)\b|\b(?:naci|cumplo anos)\b|\bmi fecha de nacimiento\b",
            r"\bhoe oud (?:ben|word) ik\b|\bmijn (?:leeftijd|verjaardag|geboorte\w+)\b|\bben ik (?:jarig|geboren)\b|\bik (?:jarig|geboren)\b",
            r"\b(?:quanti anni|che eta) (?:ho|compio)\b|\bmi[oa] (?:eta|compleanno|data di nascita)\b|\bsono nat[oa]\b|\bcompio gli anni\b",
            r"\b(?:quantos anos|que idade) (?:eu )?(?:tenho|faco)\b|\b(?:minha idade|meu aniversario)\b|\bnasci\b|\bfaco anos\b",
        ),
        r"\b(?:year|day|date|jahr|tag|datum|annee|jour|date|ano|dia|fecha|jaar|dag|anno|giorno|data)\b",
    ),
    Topic(
        "work.* job profession employer",
        (
            r"\b(?:do|did|am|where|have) (?:i|we) (?:\w+ )?(?:work|working|employed|been working)\b|\b(?:do i do|i do) (?:for (?:a living|work|money)|at work|professionally)\b|\bdo i earn\b|\bwhat do i do\W*$|\bi (?:\w+ )?work\b|\bmy (?:current |new |own )?(?:job|work|workplace|profession|occupation|employer|career|boss|company|trade)\b(?!')",
            r"\barbeite ich\b|\bich (?:\w+ )?arbeite\b|\bmein\w* (?:beruf|arbeit|arbeitgeber|arbeitsplatz|job|firma|stelle|chef)\b|\bich (?:von beruf|beruflich)\b|\bverdiene ich\b",
            r"\bje (?:travaille|bosse|fais dans la vie)\b|\b(?:travaille|bosse|fais)-je\b|\bm(?:on|a) (?:metier|travail|emploi|employeur|boulot|entreprise|profession|patron)\b",
            r"\btrabajo\b|\bmi (?:trabajo|empleo|profesion|oficio|empresa|jefe)\b|\bme (?:dedico|gano la vida)\b",
            r"\bwerk ik\b|\bik (?:\w+ )?werk\b|\bmijn (?:werk|werkgever|baan|beroep|baas|bedrijf)\b|\bik (?:voor de kost|voor werk)\b",
            r"\blavoro\b|\bmi[oa] (?:lavoro|mestiere|datore|professione|impiego|azienda)\b|\b(?:mestiere|lavoro) faccio\b|\bfaccio (?:di mestiere|nella vita)\b",
            r"\btrabalho\b|\bm(?:eu|inha) (?:trabalho|emprego|oficio|profissao|empresa)\b|\bfaco (?:da|na) vida\b",
        ),
        r"\b(?:living|job|company|profession|kind|beruf|firma|metier|vie|empresa|profesion|beroep|bedrijf|mestiere|vita|profissao)\b",
    ),
    Topic(
        "study study.place",
        (
            r"\b(?:do|did|am|where) i (?:\w+ )?(?:study|studying|major|go to (?:school|university|college))\b|\bmy (?:studies|degree|major|university|school|college|subject)\b(?!')",
            r"\bstudiere ich\b|\bich (?:\w+ )?studiere\b|\bmein\w* (?:studium|studienfach|uni|universitat|schule|hochschule)\b",
            r"\bj'etudie\b|\betudie-je\b|\bm(?:es|on|a) (?:etudes|ecole|universite|fac|diplome)\b",
            r"\bestudio\b|\bmi(?:s)? (?:estudios|carrera|universidad|escuela)\b",
            r"\bstudeer ik\b|\bik studeer\b|\bmijn (?:studie|opleiding|school|universiteit)\b",
            r"\b(?:cosa|che|dove) studio\b|\bmi(?:ei|a) (?:studi|universita|scuola|facolta|laurea)\b",
            r"\bestudo\b|\bm(?:eus|eu|inha) (?:estudos|curso|faculdade|escola|universidade)\b",
        ),
    ),
    Topic(
        "allergy.* diet diet.*",
        (
            r"\b(?:can|may|should|must|do|could|shall|can't|shouldn't) (?:i|we) (?:\w+ )?(?:eat|drink|cook|avoid|order|have for)\b|\bi (?:\w+ )?(?:can|can't|cannot|may|mayn't|should|shouldn't|must|mustn't|am not allowed to) (?:\w+ )?(?:eat|drink|cook|avoid)\b|\bmy (?:\w+ )?(?:diet|allerg\w+|intoleranc\w+)\b|\bi(?:'m| am) allergic\b|\bam i (?:\w+ )?(?:allergic|intolerant|vegan|vegetarian)\b|\ballergies do i\b",
            r"\b(?:darf|kann|soll|sollte|muss) ich (?:\w+ ){0,6}(?:essen|trinken|kochen|meiden|vermeiden)\b|\bich (?:\w+ ){0,6}(?:essen|trinken|kochen|meiden|vermeiden)\b|\bmein\w* (?:diat|ernahrung|allergie\w*)\b|\bbin ich (?:\w+ ){0,6}(?:allergisch|vegan|vegetarier\w*|vegetarisch)\b|\bich (?:\w+ ){0,6}(?:allergisch|vertrag\w*)\b|\bvertrage ich\b|\besse ich\b|\ballergien habe ich\b",
            r"\b(?:puis-je|je peux|je ne peux|dois-je|je dois|je ne dois|ai-je le droit|j'ai le droit)\b.{0,20}\b(?:manger|boire|cuisiner|eviter)\b|\bje (?:ne )?(?:mange|bois)\b|\bm(?:on|es|a) (?:regime|alimentation|allergies?)\b|\b(?:suis-je|je suis) (?:\w+ )?(?:allergique|vegetari\w+|vegane?)|\ballergies (?:ai-je|j'ai)",
            r"\b(?:puedo|debo|deberia) (?:\w+ )?(?:comer|beber|tomar|cocinar|evitar)\b|\bmi(?:s)? (?:dieta|alergias?)\b|\bsoy (?:alergic|vegetarian|vegan)\w+\b|\balergias tengo\b|\btengo (?:alguna )?alergias?\b",
            r"\b(?:mag|kan|moet|zal) ik (?:\w+ ){0,6}(?:eten|drinken|koken|mijden|vermijden)\b|\bik (?:\w+ ){0,6}(?:eten|drinken|koken|mijden|vermijden)\b|\beet ik\b|\bmijn (?:dieet|allergie\w*)\b|\bben ik (?:\w+ ){0,6}(?:allergisch|veganist|vegetarier)\b|\bik (?:\w+ ){0,6}allergisch\b",
            r"\b(?:posso|devo|dovrei) (?:\w+ )?(?:mangiare|bere|cucinare|evitare)\b|\bmi[ae] (?:dieta|allergi[ae])\b|\bsono (?:allergic|vegetarian|vegan)\w+\b|\ballergie ho\b|\bho (?:delle )?allergie\b",
            r"\b(?:posso|devo|deveria) (?:\w+ )?(?:comer|beber|cozinhar|evitar)\b|\bminhas? (?:dieta|alergias?)\b|\bsou (?:alergic|vegetarian|vegan)\w+\b|\btenho (?:alguma )?alergias?\b",
        ),
        r"\b(?:foods?|eat|meal|dinner|lunch|allerg\w*|essen|lebensmittel|mange\w*|aliments?|repas|alimentos?|comida|eten|cibi?|alimenti)\b",
    ),
    Topic(
        "health.* blood.type",
        (
            r"\bmy (?:\w+ )?(?:health|illness\w*|conditions?|disease\w*|diagnos\w+|disabilit\w+)\b|\bam i (?:\w+ )?(?:ill|sick|healthy|diabetic|disabled)\b|\b(?:do|did) i (?:\w+ ){0,6}suffer\b|\bi suffer\b|\b(?:do|have) i (?:have |got )?(?:\w+ )?(?:health|medical) \w+|\b(?:health (?:problems?|conditions?|issues?)|illness(?:es)?|diseases?|conditions?) (?:do|have) i\b",
            r"\bmein\w* (?:gesundheit\w*|krankheit\w*|diagnose)\b|\bleide ich\b|\bich (?:\w+ )?leide\b|\bbin ich krank\b|\bhabe ich (?:\w+ )?(?:gesundheit\w+|krankheit\w*|beschwerden)(?: probleme\w*)?|\b(?:krankheit\w*|beschwerden) habe ich\b",
            r"\bm(?:a|es) (?:sante|maladies?|problemes de sante)\b|\b(?:souffre-je|je souffre|suis-je malade|je suis malade)\b|\b(?:ai-je|j'ai|est-ce que j'ai) (?:\w+ )?(?:problemes? de sante|maladies?)",
            r"\bmi (?:salud|enfermedad)\b|\b(?:sufro|padezco)\b|\btengo (?:\w+ )?(?:problemas? de salud|enfermedad\w*)|\bestoy enferm[oa]\b",
            r"\bmijn (?:gezondheid\w*|ziekte\w*|aandoening\w*)\b|\blijd ik\b|\bben ik ziek\b|\bheb ik (?:\w+ )?(?:gezondheid\w+|ziekte\w*|aandoening\w*)",
            r"\bmi[ae] (?:salute|malatti[ae])\b|\bsoffro\b|\bsono malat[oa]\b|\bho (?:\w+ )?(?:problemi di salute|malatti[ae])",
            r"\bminha (?:saude|doenca)\b|\bsofro\b|\bestou doente\b|\btenho (?:\w+ )?(?:problemas? de saude|doencas?)",
        ),
    ),
    Topic(
        "language.*",
        (
            r"\blanguages? (?:do|can|did|am) i\b|\b(?:do|can) i speak\b|\bi (?:can )?speak\b|\bam i (?:learning|fluent)\b|\bmy (?:native|mother|first|second) (?:language|tongue)\b",
            r"\bsprachen? (?:spreche|kann|lerne) ich\b|\b(?:spreche|lerne) ich\b|\bmeine? (?:muttersprache|sprachen)\b",
            r"\blangues? (?:est-ce que )?(?:je|parle-je|j')|\b(?:je parle|parle-je|j'apprends)\b|\bma langue\b",
            r"\b(?:idiomas?|lenguas?) (?:hablo|se|aprendo|conozco)\b|\bhablo\b|\bmi (?:idioma|lengua)\b|\b(?:estoy aprendiendo|aprendo)\b",
            r"\b(?:talen|taal) (?:spreek|ken|leer) ik\b|\b(?:spreek|leer) ik\b|\bmijn moedertaal\b",
            r"\blingu[ae] (?:parlo|conosco|so|sto)\b|\bparlo\b|\bsto imparando\b|\bmia lingua\b",
            r"\b(?:linguas?|idiomas?) (?:eu )?(?:falo|sei|aprendo)\b|\bfalo\b|\bminha lingua\b",
        ),
    ),
    Topic(
        "hobby.* like.* favourite.*",
        (
            r"\bmy (?:\w+ )?(?:hobb(?:y|ies)|free time|spare time|pastimes?|interests?|passions?)\b|\bdo i (?:\w+ )?(?:play|practi[cs]e|collect|do for fun|like|love|enjoy|prefer)\b|\bi (?:do for fun|like|love|enjoy|prefer)\b|\bmy (?:favou?rites?|tastes)\b",
            r"\bmein\w* (?:hobbys?|freizeit|interessen|leidenschaft\w*|lieblings\w+|vorlieben)\b|\b(?:mag|spiele|sammle) ich\b|\bich (?:\w+ )?(?:mag|gern|gerne)\b|\bmache ich (?:gern|gerne|in)\b",
            r"\bm(?:es|on) (?:\w+ )?(?:loisirs?|passe-temps|hobby|hobbies|passions?|gouts|temps libre)\b|\bj'(?:aime|adore)\b|\b(?:aime|joue)-je\b|\bje (?:joue|prefere)\b",
            r"\bmi(?:s)? (?:aficion\w*|hobby|hobbies|pasatiempos?|gustos|intereses|tiempo libre)\b|\bme (?:gusta|gustan|encanta|encantan)\b|\bprefiero\b",
            r"\bmijn (?:hobby's|hobby|hobbys|vrije tijd|interesses|lievelings\w+|favoriete)\b|\b(?:speel|verzamel|hou) ik\b|\bvind ik (?:leuk|lekker)\b|\bik (?:graag|leuk vind)\b|\bdoe ik graag\b",
            r"\bmi(?:ei|o|a|e) (?:\w+ )?(?:hobby|passatempi|passatempo|interessi|passion[ei]|gusti|tempo libero)\b|\bmi piac(?:e|ciono)\b|\bpreferisco\b",
            r"\bm(?:eus?|inhas?) (?:hobbies|hobby|passatempos?|interesses|gostos|tempo livre)\b|\bgosto\b|\bprefiro\b",
        ),
    ),
    Topic(
        "dislike.*",
        (
            r"\bdo i (?:\w+ )?(?:dislike|hate)\b|\bdon't i like\b|\bdo i not like\b|\bi (?:\w+ )?(?:dislike|hate|don't like|do not like|can't stand)\b",
            r"\bmag ich (?:\w+ ){0,6}nicht\b|\bhasse ich\b|\bich (?:\w+ ){0,6}(?:hasse|nicht (?:mag|leiden))\b",
            r"\bje (?:deteste|n'aime)\b|\bn'aime-je\b",
            r"\b(?:odio|no me gustan?|detesto)\b",
            r"\b(?:haat ik|vind ik niet|hou ik niet)\b",
            r"\b(?:odio|detesto|non mi piac\w+)\b",
            r"\b(?:odeio|nao gosto|detesto)\b",
        ),
    ),
    Topic(
        "plan.* event.*",
        (
            r"\bmy (?:\w+ )?(?:plans?|schedule|appointments?|calendar|trips?|travels?)\b|\b(?:am|are|do|have|will) (?:i|we) (?:\w+ )?(?:plan|planning|planned|travelling|traveling|travel|going|flying|doing (?:next|on|in|this|tomorrow))\b|\bi (?:have )?planned\b",
            r"\bmein\w* (?:\w+ )?(?:plane?|termine?|reisen?|vorhaben|urlaub)\b|\b(?:plane|reise|fliege|fahre) ich\b|\bhabe ich (?:\w+ ){0,6}(?:vor|geplant)\b|\bich (?:\w+ ){0,6}(?:vorhabe|geplant)\b",
            r"\bm(?:es|on) (?:\w+ )?(?:projets?|plans|rendez-vous|voyages?|programme|vacances)\b|\b(?:ai-je|j'ai) prevu\b|\b(?:vais-je|je vais|je pars|pars-je)\b",
            r"\bmi(?:s)? (?:planes?|citas?|viajes?|agenda|vacaciones)\b|\btengo (?:planeado|previsto|pensado)\b|\b(?:planes|citas?) tengo\b|\b(?:voy a|viajo)\b",
            r"\bmijn (?:plannen|afspraken|afspraak|reis|reizen|agenda|vakantie)\b|\b(?:ben ik van plan|ga ik|plan ik|vlieg ik|reis ik)\b",
            r"\bmi(?:ei|o|a|e) (?:piani|progetti|impegni|appuntament[oi]|viagg[io]+|programma|vacanze)\b|\bho (?:in programma|programmato|previsto)\b|\b(?:parto|andro|vado in)\b",
            r"\bm(?:eus?|inhas?) (?:planos|compromissos|consulta|viagem|viagens|ferias)\b|\b(?:vou|viajo)\b|\btenho planejado\b",
        ),
    ),
    Topic(
        "family.* wife.* husband.* partner.* son.* daughter.* frau.* mann.* sohn.* tochter.* femme.* "
        "mari.* fils.* fille.* esposa.* marido.* hijo.* hija.* vrouw.* man.* zoon.* dochter.* moglie.* "
        "marito.* figlio.* figlia.*",
        (
            r"\bmy (?:family|kids|children|siblings|marital status|relationship status)\b|\b(?:am|was) i (?:\w+ )?(?:married|single|divorced|engaged|widowed|a parent|a mother|a father)\b|\bi(?:'m| am) (?:married|single|divorced|engaged)\b|\b(?:do|have) i (?:have |got )?(?:any |a )?(?:\w+ )?(?:kids|children|child|siblings|brothers?|sisters?|sons?|daughters?|family|wife|husband|partner)\b|\b(?:kids|children|siblings|brothers|sisters) do i\b",
            r"\bmeine? (?:familie|kinder|geschwister|familienstand)\b|\bbin ich (?:\w+ )?(?:verheiratet|ledig|single|geschieden|verlobt|verwitwet)\b|\bhabe? ich (?:\w+ )?(?:kinder|kind|geschwister|bruder|schwestern?|sohne?|tochter|familie)\b|\b(?:kinder|geschwister) habe ich\b",
            r"\bm(?:a|es) (?:famille|enfants|freres et soeurs)\b|\b(?:suis-je|je suis) (?:mariee?|celibataire|divorcee?|fiancee?|en couple)\b|\b(?:ai-je|j'ai|est-ce que j'ai) (?:des |un |une )?(?:enfants?|freres?|soeurs?|fils|filles?)\b|\b(?:enfants|freres) (?:ai-je|j'ai)",
            r"\bmi(?:s)? (?:familia|hijos|hermanos|estado civil)\b|\bestoy (?:casad|solter|divorciad|prometid)[oa]\b|\bsoy solter[oa]\b|\btengo (?:\w+ )?(?:hij[oa]s?|herman[oa]s?|familia|pareja)\b|\b(?:hijos|hermanos) tengo\b",
            r"\bmijn (?:familie|gezin|kinderen)\b|\bben ik (?:\w+ )?(?:getrouwd|single|vrijgezel|gescheiden|verloofd)\b|\bheb ik (?:\w+ )?(?:kinderen|kind|broers?|zussen|zus|familie)\b|\bkinderen heb ik\b",
            r"\bmi(?:a|ei) (?:famiglia|figli|stato civile)\b|\bsono (?:sposat|divorziat|fidanzat)[oa]\b|\bsono (?:single|celibe|nubile)\b|\bho (?:\w+ )?(?:figli|figlio|figlia|fratelli|sorelle)\b|\bfigli ho\b",
            r"\bm(?:inha|eus) (?:familia|filhos|irmaos)\b|\b(?:sou|estou) (?:casad|solteir|divorciad|noiv)[oa]\b|\btenho (?:\w+ )?(?:filh[oa]s?|irma[os]*)\b|\bfilhos tenho\b",
        ),
    ),
    Topic(
        "pets.* dog.* cat.* rabbit.* hamster.* horse.* parrot.* hund.* katze.* kater.* pferd.* "
        "kaninchen.* chien.* chat.* cheval.* lapin.* perro.* gato.* caballo.* conejo.* hond.* kat.* "
        "poes.* paard.* konijn.* cane.* gatto.* cavallo.* coniglio.* cao.* cachorro.*",
        (
            r"\bmy (?:pets?|animals?)\b|\b(?:do|have) i (?:have |got |own |keep )?(?:any |a )?(?:pets?|animals?)\b|\b(?:pets?|animals?) (?:do|have) i\b",
            r"\bmein\w* (?:haus)?tiere?\w*\b|\bhabe? ich (?:\w+ )?(?:haus)?tiere?\b|\b(?:haus)?tiere? habe ich\b",
            r"\bm(?:es|on) (?:animaux|animal)\b|\b(?:ai-je|j'ai) (?:un |des |d')?(?:animal|animaux)\b|\banimaux (?:de compagnie )?(?:ai-je|j'ai)",
            r"\bmi(?:s)? (?:mascotas?|animales)\b|\btengo (?:\w+ )?(?:mascotas?|animales)\b|\b(?:mascotas?|animales) tengo\b",
            r"\bmijn (?:huis)?dier\w*\b|\bheb ik (?:\w+ )?(?:huis)?dier\w*\b|\b(?:huis)?dieren heb ik\b",
            r"\bmi(?:ei|o) animal[ei]\b|\bho (?:\w+ )?animali\b|\banimali (?:domestici )?ho\b",
            r"\bmeus? anima(?:l|is)\b|\btenho (?:\w+ )?(?:animais|animal)\b|\banimais tenho\b",
        ),
        r"\b(?:pets?|domestici|estimacao|compagnie)\b",
    ),
    Topic(
        "car vehicle",
        (
            r"\bdo i drive\b|\bi drive\b|\bmy (?:car|vehicle)\b(?!')|\b(?:car|vehicle) (?:do|have) i\b",
            r"\bmein\w* (?:auto|wagen|fahrzeug)\b|\b(?:auto|wagen) (?:fahre|habe) ich\b",
            r"\bma voiture\b|\bvoiture (?:ai-je|j'ai|je conduis)|\bje (?:conduis|roule)\b",
            r"\bmi (?:coche|carro|auto)\b|\b(?:coche|carro) (?:tengo|conduzco)\b|\bconduzco\b",
            r"\bmijn auto\b|\bauto (?:heb|rijd) ik\b|\brijd ik\b",
            r"\bmia (?:macchina|auto)\b|\b(?:macchina|auto) (?:ho|guido)\b",
            r"\bmeu carro\b|\bcarro (?:eu )?(?:tenho|dirijo)\b|\bdirijo\b",
        ),
        r"\b(?:car|make|brand|kind|auto|marke|voiture|coche|macchina|carro)\b",
    ),
)
