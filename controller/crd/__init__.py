"""Wire models of every kind, and their translation to core types. Pure; the only room that knows pydantic."""
