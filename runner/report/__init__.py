"""What results and errors are printed with: tables, failures, pages, SARIF, JUnit, pictures."""
