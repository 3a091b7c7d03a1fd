"""Training in Dagster."""
