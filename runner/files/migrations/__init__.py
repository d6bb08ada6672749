"""The files: where they lie, what they say, whether they can be run."""
