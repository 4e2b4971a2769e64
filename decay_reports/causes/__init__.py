"""What a change is made of: parts that sum exactly, segments, documents, where it goes."""
