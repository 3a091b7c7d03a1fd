"""Facts and preferences out of what a user says.

    turn --own words--> sentences --> clauses --rules of the language--> Extraction --learn--> memories with their turn
         (no quotes,    (no          (no reports,
          no code)       questions)   no conditions)

| room | holds |
| --- | --- |
| `values` | a turn, a fact, what ended, the extractor's protocol |
| `sentences`, `grammar`, `rules` | the engine: what may be read, and how a rule reads it |
| `languages` | the rules and wordings of each language, as data |
| `dates` | when something began that a clause tells of |
| `commands` | remember, forget, tell: requests about memory itself |
"""

from cleo_memory.formation.commands import command_of, means_everything, reply_preference
from cleo_memory.formation.rules import RuleExtractor
from cleo_memory.formation.values import Command, Ending, Extraction, Extractor, Fact, Turn

__all__ = [
    "Command", "Ending", "Extraction", "Extractor", "Fact", "RuleExtractor", "Turn", "command_of", "means_everything",
    "reply_preference",
]  # fmt: skip
