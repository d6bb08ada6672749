"""SQL as text: statements and where they start, leading directives. One lexer, streaming, pure."""

from typing import TYPE_CHECKING

from runner.deferred import deferred
from runner.sqltext.directives import Directive, leading_directives
from runner.sqltext.position import line_and_column, line_at

if TYPE_CHECKING:
    from runner.sqltext.lexer import Statement, statements
    from runner.sqltext.tokens import SqlSyntaxError, keywords, without_comments
else:
    __getattr__ = deferred(
        __name__, lexer=("Statement", "statements"), tokens=("SqlSyntaxError", "keywords", "without_comments")
    )

__all__ = [
    "Directive",
    "SqlSyntaxError",
    "Statement",
    "keywords",
    "leading_directives",
    "line_and_column",
    "line_at",
    "statements",
    "without_comments",
]
