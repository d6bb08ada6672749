"""What a change would do, before it does it."""
