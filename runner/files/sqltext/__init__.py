"""SQL as text: statements and where they start, leading directives. One lexer, streaming, pure."""

from typing import TYPE_CHECKING

from runner.deferred import deferred
from runner.files.sqltext.directives import Directive, directive_in, leading_directives, leading_lines
from runner.files.sqltext.position import line_and_column, line_at

if TYPE_CHECKING:
    from runner.files.sqltext.lexer import Statement, statements
    from runner.files.sqltext.tokens import SqlSyntaxError, keywords, without_comments
else:
    __getattr__ = deferred(
        __name__, lexer=("Statement", "statements"), tokens=("SqlSyntaxError", "keywords", "without_comments")
    )

__all__ = [
    "Directive",
    "SqlSyntaxError",
    "Statement",
    "directive_in",
    "keywords",
    "leading_directives",
    "leading_lines",
    "line_and_column",
    "line_at",
    "statements",
    "without_comments",
]
