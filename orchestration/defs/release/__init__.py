"""Bundle, registration and release in Dagster."""
