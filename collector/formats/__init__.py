"""Input formats, found by file name: each has `decode(value, defaults) -> Sequence[Event]`."""
