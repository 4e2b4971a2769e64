"""What is not chance any more: detectors, incidents, hints, and the verdict of a feature."""
