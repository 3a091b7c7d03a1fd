"""The rules of each language, as data. See `cleo_memory.formation.grammar` for the form in which they are written."""

from cleo_memory.formation.grammar import Language
from cleo_memory.formation.languages.de import GERMAN
from cleo_memory.formation.languages.en import ENGLISH
from cleo_memory.formation.languages.es import SPANISH
from cleo_memory.formation.languages.fr import FRENCH
from cleo_memory.formation.languages.it import ITALIAN
from cleo_memory.formation.languages.nl import DUTCH
from cleo_memory.formation.languages.pt import PORTUGUESE

LANGUAGES: tuple[Language, ...] = (ENGLISH, GERMAN, FRENCH, SPANISH, DUTCH, ITALIAN, PORTUGUESE)

__all__ = ["LANGUAGES"]
