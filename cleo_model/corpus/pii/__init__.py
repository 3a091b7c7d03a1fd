"""Personal data: `detect` finds it by patterns and models as each source's policy says,
`mask` replaces it by `surrogates`."""
