"""What one sees in a model: what heads do, how well a text is predicted, what the weights look like."""
