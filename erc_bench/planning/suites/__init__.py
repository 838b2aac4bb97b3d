"""Suites: a benchmark as a file, from methods to tables."""
