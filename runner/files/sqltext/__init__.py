"""SQL as text: statements and where they start, leading directives. One lexer, streaming, pure."""
