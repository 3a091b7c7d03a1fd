"""The core's commands, each imported only when it is called (entry-point group ``cleo.commands``).

cleo NAME -> cleo_core.cli -> commands.NAME: reads arguments, calls the package that does the work, prints
"""
