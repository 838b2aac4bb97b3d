"""A compact index of the cells below a folder of runs: read in place of them where nothing there has changed."""
