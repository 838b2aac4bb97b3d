"""Cells as tasks of a Ray cluster: machines that need no shared disk, and that may vanish."""
