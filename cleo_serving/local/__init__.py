"""A model on the command line, without an API: `engine` opens one, `infer` asks it once, `talk` converses."""
