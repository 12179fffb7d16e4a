"""The HTTP server: FastAPI, micro-batches, a page."""
