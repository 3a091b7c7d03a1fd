"""The corpus in Dagster."""
