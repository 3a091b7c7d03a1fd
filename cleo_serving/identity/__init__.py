"""Who is asking: `bearer` reads the token of a request, `tokens` verifies and makes them."""
