"""A model on the command line, without an API.

engine     opens a model by name          talks   a conversation, with a user's memory or without
commands   asks it once, or converses
"""
