"""Personal data: `detect` finds it with `analyzer` and `recognizers`, `mask` replaces it by `surrogates`."""
