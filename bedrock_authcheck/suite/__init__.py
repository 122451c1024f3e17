"""The bundled conformance suite: scenarios as data, by group."""
