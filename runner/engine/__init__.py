"""What is to run, running it, and what has been run."""
