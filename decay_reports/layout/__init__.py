"""How a report reads: its sentences in order, charts, pages."""
