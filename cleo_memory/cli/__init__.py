"""`cleo memory`: look into, carry and erase memories from a terminal.

group     the group and what commands share
records   one user's memories          operator   the installation, and a user's rights
"""

from cleo_memory.cli import operator, records
from cleo_memory.cli.group import memory

__all__ = ["memory", "operator", "records"]
