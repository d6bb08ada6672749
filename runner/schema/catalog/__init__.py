"""The schema as data: read it, write it as SQL, compare it."""

from typing import TYPE_CHECKING

from runner.deferred import deferred
from runner.schema.catalog.model import Catalog, CatalogObject, Change, Difference
from runner.schema.catalog.read import main_owner, read, undescribed
from runner.schema.catalog.render import render

if TYPE_CHECKING:
    from runner.schema.catalog.differences import compare_text, diff, only_changed, unified_diff
else:
    __getattr__ = deferred(__name__, differences=("compare_text", "diff", "only_changed", "unified_diff"))

__all__ = [
    "Catalog",
    "CatalogObject",
    "Change",
    "Difference",
    "compare_text",
    "diff",
    "main_owner",
    "only_changed",
    "read",
    "render",
    "undescribed",
    "unified_diff",
]
