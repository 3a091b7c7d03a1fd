"""`python main.py api|train|infer|interactive|evaluate …`: the same commands as `cleo`."""

from cleo_core.cli import main

if __name__ == "__main__":
    main()
