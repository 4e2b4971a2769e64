"""The one place that opens DuckDB and speaks SQL."""
