"""The schema as data: read it, write it as SQL, compare it."""

from runner.catalog.diff import compare_text, diff, unified_diff
from runner.catalog.model import Catalog, CatalogObject, Change, Difference
from runner.catalog.read import read
from runner.catalog.render import render

__all__ = [
    "Catalog",
    "CatalogObject",
    "Change",
    "Difference",
    "compare_text",
    "diff",
    "read",
    "render",
    "unified_diff",
]
