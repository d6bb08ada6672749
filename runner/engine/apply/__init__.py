"""Run a plan: transactions, the journal, retries, records, and errors that point into the file."""
