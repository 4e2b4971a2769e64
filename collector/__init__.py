"""From Kafka records and lines of files to rows of the store, and what can be derived from them."""
