"""Hand-written items, one JSON Lines file per task."""
