"""The bundled sample clip."""
