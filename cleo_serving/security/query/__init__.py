"""The guard of GraphQL documents: `guard` decides what may run, `measure` adds up what a document asks for."""
