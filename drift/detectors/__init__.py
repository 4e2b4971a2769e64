"""One file is one detector: a pure function of a window's and a reference's votes.

Each module has ``ALARM_BELOW`` (the p-value below which it speaks) and
``detect(window, reference) -> drift.base.Detection``. Votes carry topics and texts for those that
look at them; `unfamiliar` and `vanishing` take the launch baseline's votes as their reference.
"""
