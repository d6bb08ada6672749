"""Tables, columns and references, read from a catalogue's own SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.schema.catalog.entities import Reference, entities
from runner.schema.catalog.parse import parse

EVERYTHING = Path(__file__).parents[1] / "db/catalog/everything.rendered"


@pytest.fixture(scope="module")
def everything():
    return entities(parse(EVERYTHING.read_text("utf-8")))


def of(text):
    return entities(parse(text))


def column(found, table, name):
    (attribute,) = (a for t in found.tables if t.name == table for a in t.attributes if a.name == name)
    return attribute


def test_every_table_is_there_and_a_partition_is_part_of_its_parent(everything):
    names = {table.name: table.partitions for table in everything.tables}
    assert names["app.events"] == 4
    assert names['"Odd Schema"."Odd ""Table"""'] == 0
    assert "app.events_2024_eu" not in names
    assert {table.name for table in everything.tables if not table.attributes} == {"app.no_columns"}


@pytest.mark.parametrize(
    ("line", "type_", "not_null"),
    [
        pytest.param("a integer", "integer", False, id="plain"),
        pytest.param(
            "a timestamp(3) with time zone NOT NULL DEFAULT now()",
            "timestamp(3) with time zone",
            True,
            id="words",
        ),
        pytest.param("a numeric(10,2) DEFAULT 1", "numeric(10,2)", False, id="comma"),
        pytest.param("a text DEFAULT 'x NOT NULL'::text", "text", False, id="NOT NULL in a literal"),
        pytest.param('a text COLLATE "C" NOT NULL', "text", True, id="collation"),
        pytest.param('a "Odd Schema"."Odd Type"[]', '"Odd Schema"."Odd Type"[]', False, id="quoted type"),
        pytest.param("a bigserial NOT NULL", "bigint", True, id="serial is a bigint"),
        pytest.param("a bigint NOT NULL GENERATED ALWAYS AS IDENTITY", "bigint", True, id="identity"),
    ],
)
def test_a_column_is_a_name_a_type_and_whether_it_may_be_null(line, type_, not_null):
    found = of(f"CREATE TABLE public.t (\n    {line},\n    z integer\n);\n")
    attribute = column(found, "public.t", "a")
    assert (attribute.type, attribute.not_null) == (type_, not_null)


def test_a_child_has_its_parents_columns_first(everything):
    (child,) = (table for table in everything.tables if table.name == "app.child")
    assert [a.name for a in child.attributes][:3] == ["id", "made", "kind"]


ORDERS = """
CREATE TABLE public.customers (
    id bigint NOT NULL,
    email text
);
ALTER TABLE public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX customers_email ON public.customers USING btree (email);
CREATE TABLE public.orders (
    id bigint NOT NULL,
    customer_id bigint NOT NULL,
    "twin of" bigint
);
ALTER TABLE public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE public.orders
    ADD CONSTRAINT orders_twin_key UNIQUE ("twin of");
CREATE UNIQUE INDEX some ON public.orders USING btree (customer_id) WHERE (id > 5);
ALTER TABLE public.orders
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) ON DELETE CASCADE;
ALTER TABLE public.orders
    ADD CONSTRAINT orders_twin_fkey FOREIGN KEY ("twin of") REFERENCES public.orders(id);
"""


def test_a_reference_says_whether_there_may_be_none_and_whether_there_may_be_many():
    many, single = of(ORDERS).references
    assert many == Reference(
        name="orders_customer_fkey",
        table="public.orders",
        columns=("customer_id",),
        to="public.customers",
        to_columns=("id",),
        is_optional=False,
        is_single=False,
    )
    assert (single.columns, single.is_optional, single.is_single) == (('"twin of"',), True, True)


def test_keys_mark_their_columns():
    found = of(ORDERS)
    assert column(found, "public.customers", "id").in_primary_key
    assert column(found, "public.customers", "email").is_unique
    assert column(found, "public.orders", "customer_id").in_foreign_key
    assert not column(found, "public.orders", "customer_id").is_unique  # only over some rows
