"""The appendix by Evidently, made in a process of its own."""
