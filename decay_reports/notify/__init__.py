"""Who is told, and how nothing is told twice or lost: outbox, messages, sending."""
