"""Regular expressions for names in SQL that is written regularly, as ours and the server's is."""

NAME = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
QUALIFIED = rf"{NAME}(?:\.{NAME})*"
LAST_NAME = rf"\.{NAME}\Z"
