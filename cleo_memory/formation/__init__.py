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
| `asking` | which told facts answer a question, by slot; which statements are outdated |
| `commands`, `forgetting` | requests about memory itself; which memories one means |
| `model` | the extractor that asks a model instead |
| `learner` | what memory makes of an extraction |
"""

from cleo_memory.formation.asking import Answers, answers_to, asked_for, may_renew, outdated
from cleo_memory.formation.commands import command_of, means_everything, reply_preference
from cleo_memory.formation.forgetting import holds, meant
from cleo_memory.formation.learner import TOLD_KINDS, Learner
from cleo_memory.formation.rules import RuleExtractor
from cleo_memory.formation.values import Command, Ending, Extraction, Extractor, Fact, Forgot, Learned, Turn

__all__ = [
    "TOLD_KINDS", "Answers", "Command", "Ending", "Extraction", "Extractor", "Fact", "Forgot", "Learned", "Learner",
    "RuleExtractor", "Turn",
    "answers_to", "asked_for", "command_of", "holds", "may_renew", "means_everything",
    "meant", "outdated", "reply_preference",
]  # fmt: skip
