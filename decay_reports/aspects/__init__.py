"""Sections that appear when their fields exist: one file each, found by being there.

A file holds `TITLE`, `ORDER` (of the sections), `SCOPE` (``feature`` or ``store``), `KINDS` (of the
findings it may raise) and ``look(question) -> Look``.
"""
