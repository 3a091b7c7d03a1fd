"""Evaluation in Dagster."""
