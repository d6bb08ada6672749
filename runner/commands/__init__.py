"""What each command does: it computes one value."""
