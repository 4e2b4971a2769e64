"""Topics and drift: vectors for queries, frozen topics, and what changed in them each week."""
