"""The model that answers: `loader` reads and tries it; `holder` lends it, swaps it, and stops it when withdrawn."""
