"""Failures become labelled, consent-checked, traceable training sets.

The steps are files: `selection` finds the failures, `labelling` says what went wrong, `references`
finds the better answer, `guard` keeps out what must not be trained on, `rows` and `manifest` write
it down, `build` joins them, `pull` hands a version to a trainer through one of `formats`.
"""
