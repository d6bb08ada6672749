"""What goes on while a command works, shown: lines for people, JSON lines for a log, metrics."""
