"""The Dagster code location: thin assets over cleo_model and evals, jobs, schedules, sensors, review and release."""
