"""Each database of the project in turn: what the commands do."""
