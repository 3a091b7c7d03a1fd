"""A model on the command line, without an API: `engine` opens one, `commands` asks it once or converses."""
