"""From a request to fully resolved cells."""
