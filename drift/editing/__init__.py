"""What people may change about topics: names, merges, a refit, another baseline.

An edit is a row with its own time, just after everything that was known when it was made. Jobs and
reads as of a later time see it, those of an earlier one do not.
"""
