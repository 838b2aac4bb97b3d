"""The runner: which cells run, what is stored of them, and who holds the test labels."""
