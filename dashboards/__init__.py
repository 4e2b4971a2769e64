"""What people and programs meet: the API that commands use, the pages and the metrics."""
