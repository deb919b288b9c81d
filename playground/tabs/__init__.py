"""One module a tab: it builds its widgets, and its handlers are thin (values in, values out)."""
