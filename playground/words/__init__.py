"""English and Vietnamese: the look-up, the words that several rooms share, numbers, durations, run names, verdicts."""
