"""Statistics for predictions of any origin: a file of answers against a corpus, or against another file."""
