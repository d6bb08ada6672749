"""One database open: its files, its history, its connection; scratch databases; reconnecting."""
