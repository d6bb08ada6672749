"""SQL as text: statements and where they start, leading directives. One lexer, streaming, pure."""

from runner.sqltext.directives import Directive, leading_directives
from runner.sqltext.lexer import Statement, statements
from runner.sqltext.position import line_and_column, line_at
from runner.sqltext.tokens import SqlSyntaxError, without_comments

__all__ = [
    "Directive",
    "SqlSyntaxError",
    "Statement",
    "leading_directives",
    "line_and_column",
    "line_at",
    "statements",
    "without_comments",
]
