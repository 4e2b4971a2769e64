"""One file is one detector: a pure function of a window's and a reference's votes.

Each module has ``ALARM_BELOW`` (the p-value below which it speaks) and
``detect(window, reference) -> drift.base.Detection``.
"""
