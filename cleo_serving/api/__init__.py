"""The doors of the API: `graphql/`, `health`; `errors` is how an error leaves through any of them."""
