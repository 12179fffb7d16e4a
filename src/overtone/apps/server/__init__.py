"""The HTTP server: a model behind an API, with its page. `app.create_app(predictor, settings)`.

A request's way: guard (headers, log, metrics, the last resort) → keys → bodies (refused when full,
read whole) → one of the shapes (native, tei, hugging_face) → batcher (queue, compute thread) →
back. Each is one file here.
"""
