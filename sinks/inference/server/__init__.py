"""Model servers reached by HTTP: what is sent to whom, in which batches, and what came of it."""
