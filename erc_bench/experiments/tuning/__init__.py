"""Search on dev: spaces, trials in a study that can be gone on with, and the settings that come out."""
