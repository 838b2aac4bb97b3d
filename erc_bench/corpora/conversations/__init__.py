"""Conversations of a user: read from a file in the format that it has, and written back with answers added."""
