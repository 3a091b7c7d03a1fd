"""The one face of the memory: what an application calls. Every call names the user it is about.

| room | its calls |
| --- | --- |
| `parts` | what they all stand on: stores, workers, start and end |
| `writing` | `remember`, `append`, `prefer`, `once`, `epoch` |
| `changing` | `edit`, `unset`, `pin`, `forget`, `delete_conversation` |
| `reading` | `recall`, `memories`, `turns`, `window`, `conversations`, `preferences`, `stats` |
| `finding` | `search`, `nearest`, `settle` |
| `prompting` | `context` |
| `learning` | `learn`, `told`, `forget_told` |
| `rights` | `export`, `export_lines`, `restore`, `erase`, `rotate_key`, `rotate_kek` |
"""

from cleo_memory.memory.learning import Learning
from cleo_memory.memory.prompting import Prompting
from cleo_memory.memory.rights import Rights
from cleo_memory.memory.writing import Writing

__all__ = ["Memory"]


class Memory(Writing, Learning, Prompting, Rights):
    """Opened with `open_memory`."""
