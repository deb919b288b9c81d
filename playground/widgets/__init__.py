"""What every tab builds with: the base class of our gr.HTML widgets, inputs, the live feed, downloads, the look."""
