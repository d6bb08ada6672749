"""Run a plan: transactions, the journal, new tries, records, and errors that point into the file."""
