"""The predicates of triggers: seven dialects and the legacy attributes, built once."""
