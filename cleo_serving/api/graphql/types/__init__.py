"""What the GraphQL API speaks of: `chat`, `memory`, `rights`, `model`."""
