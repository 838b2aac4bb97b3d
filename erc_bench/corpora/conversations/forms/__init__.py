"""One file for each form that conversations come in."""
