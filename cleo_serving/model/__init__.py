"""The model that answers: `loader` reads and tries it, `holder` lends and swaps it, `withdrawal` stops it."""
