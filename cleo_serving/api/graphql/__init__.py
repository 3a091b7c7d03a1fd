"""GraphQL over HTTP and websocket."""
