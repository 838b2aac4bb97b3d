"""Cells as jobs of a Slurm cluster: grouped, submitted, watched, adopted after a driver died."""
