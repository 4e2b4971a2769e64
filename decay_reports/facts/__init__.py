"""What a report says, put together as values: it is kept in this form."""
