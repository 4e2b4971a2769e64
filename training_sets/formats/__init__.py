"""Export formats, one file each: pure functions of a canonical row.

A format has `KINDS` (the kinds of rows it takes), `COLUMNS` (name to column type, see
`training_sets.columns`) and `convert(row)`, which gives the columns of one line.
"""
