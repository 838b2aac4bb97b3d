"""Vectors of utterances that other code computed: read from its files, kept as one, held against a corpus."""
