"""A catalog as one SQL file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.schema.catalog.objects import Catalog

HEADER = (
    "-- The schema that the migrations add up to. "
    "Written by `runner snapshot`: change the migrations, not this file."
    """

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET search_path = public;
"""
)


def render(catalog: Catalog) -> str:
    """Write the SQL that makes the schema in an empty database; psql -v ON_ERROR_STOP=1 -f runs it.

    The same schema gives the same text, on every server version and machine.
    """
    return "\n".join([HEADER, *(f"{item.sql}\n" for item in catalog.objects.values())])
