"""What a browser sees: the page, the processes that train for it, and the pictures to take away."""
