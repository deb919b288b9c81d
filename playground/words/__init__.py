"""English and Vietnamese: the look-up, what several rooms say, and numbers, runs and losses put into words."""
