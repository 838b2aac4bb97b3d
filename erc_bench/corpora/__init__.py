"""Data on disk: where files lie, reading them safely, fetching and verifying them."""
