"""GraphQL over HTTP and websocket.

    http | socket --> guard --> schema --> resolvers (scope, count, errors) --> operations (the root fields)
        --> types (`of` a value of the product) --> client

`inputs` checks what a client hands in, `pages` cuts lists into pages.
"""
