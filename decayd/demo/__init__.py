"""A support assistant that decays on schedule: a seeded simulator, its truth and the comparison.

The simulator writes events as a real application would send them; it knows nothing of the store,
the detectors or the report that later read them.
"""
