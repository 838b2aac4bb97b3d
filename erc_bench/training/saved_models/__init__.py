"""Trained models on disk: written beside a cell's results, found, checked, and put together again to label."""
