"""Numbers that CleoAI states about itself, each measured by a command: ``python -m benchmarks NAME``."""
