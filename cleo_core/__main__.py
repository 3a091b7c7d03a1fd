"""`python -m cleo_core`: the `cleo` command of this very environment."""

from cleo_core.cli import main

if __name__ == "__main__":
    main()
