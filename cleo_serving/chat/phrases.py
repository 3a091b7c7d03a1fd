"""What the assistant says of memory itself, in the language of the request: said by us, so that it is true."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    kept: str
    """With the words that were kept."""
    known: str
    forgotten: str
    """Without the words that were forgotten: they would be said again. With how many facts and turns."""
    nothing_to_forget: str
    told: str
    """Stands before what is known."""
    knows_nothing: str
    wish: str
    """With the user's own words about how replies are to be."""
    off: str
    """Nothing is learned here."""


PHRASES = {
    "en": Phrases(
        kept="I will remember: “{}”",
        known="I knew that already: “{}”",
        forgotten="Done. I have forgotten {} of what I knew, and the messages in which it was said: {}.",
        nothing_to_forget="I found nothing about that in what I know of you, so there was nothing to forget.",
        told="This is what you have told me:",
        knows_nothing="I know nothing about you yet.",
        wish="From now on I will do so: “{}”",
        off="I could not keep that.",
    ),
    "de": Phrases(
        kept="Ich merke mir: „{}“",
        known="Das wusste ich schon: „{}“",
        forgotten="Erledigt. Vergessen habe ich {} von dem, was ich wusste, und Nachrichten, in denen es stand: {}.",
        nothing_to_forget="Dazu finde ich nichts in dem, was ich über dich weiß; zu vergessen gab es nichts.",
        told="Das hast du mir gesagt:",
        knows_nothing="Ich weiß noch nichts über dich.",
        wish="So mache ich es ab jetzt: „{}“",
        off="Das konnte ich nicht behalten.",
    ),
    "fr": Phrases(
        kept="Je m'en souviendrai : « {} »",
        known="Je le savais déjà : « {} »",
        forgotten="C'est fait. Éléments oubliés : {} ; messages effacés où c'était dit : {}.",
        nothing_to_forget="Je ne trouve rien à ce sujet dans ce que je sais de vous : il n'y avait rien à oublier.",
        told="Voici ce que vous m'avez dit :",
        knows_nothing="Je ne sais encore rien de vous.",
        wish="Désormais, je ferai ainsi : « {} »",
        off="Je n'ai pas pu le garder.",
    ),
    "es": Phrases(
        kept="Lo recordaré: «{}»",
        known="Eso ya lo sabía: «{}»",
        forgotten="Hecho. Datos olvidados: {}; mensajes borrados en los que se decía: {}.",
        nothing_to_forget="No encuentro nada de eso en lo que sé de ti: no había nada que olvidar.",
        told="Esto es lo que me has contado:",
        knows_nothing="Todavía no sé nada de ti.",
        wish="A partir de ahora lo haré así: «{}»",
        off="No he podido guardarlo.",
    ),
    "nl": Phrases(
        kept="Ik onthoud: “{}”",
        known="Dat wist ik al: “{}”",
        forgotten="Gedaan. Vergeten gegevens: {}; gewiste berichten waarin het stond: {}.",
        nothing_to_forget="Daar vind ik niets over in wat ik van je weet; er viel niets te vergeten.",
        told="Dit heb je me verteld:",
        knows_nothing="Ik weet nog niets over je.",
        wish="Zo doe ik het vanaf nu: “{}”",
        off="Dat kon ik niet bewaren.",
    ),
    "it": Phrases(
        kept="Me lo ricorderò: «{}»",
        known="Lo sapevo già: «{}»",
        forgotten="Fatto. Dati dimenticati: {}; messaggi cancellati in cui era detto: {}.",
        nothing_to_forget="Non trovo nulla in proposito in ciò che so di te: non c'era nulla da dimenticare.",
        told="Ecco che cosa mi hai detto:",
        knows_nothing="Non so ancora nulla di te.",
        wish="D'ora in poi farò così: «{}»",
        off="Non ho potuto conservarlo.",
    ),
    "pt": Phrases(
        kept="Vou lembrar-me: «{}»",
        known="Isso eu já sabia: «{}»",
        forgotten="Feito. Dados esquecidos: {}; mensagens apagadas em que isso era dito: {}.",
        nothing_to_forget="Não encontro nada sobre isso no que sei de ti: não havia nada a esquecer.",
        told="Isto é o que me contaste:",
        knows_nothing="Ainda não sei nada sobre ti.",
        wish="A partir de agora farei assim: «{}»",
        off="Não consegui guardar isso.",
    ),
}
