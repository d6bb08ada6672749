"""What was rehearsed, in each form that somebody reads."""
