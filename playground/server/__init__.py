"""The page as a server: start and end, routes, the feed, files, the gate before Gradio, and every Gradio trick."""
