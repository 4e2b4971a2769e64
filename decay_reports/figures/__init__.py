"""What a week of a feature measures: requests as arrays, success, its interval, baselines."""
