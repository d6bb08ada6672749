"""Tables, columns and references of a catalog, as pictures need them."""

from __future__ import annotations

import psycopg
import pytest

from runner.schema.catalog.entities import Reference, entities
from runner.schema.catalog.read import read
from tests.db.schema.catalog.conftest import run


@pytest.fixture
def every_table(everything):
    with psycopg.connect(**everything) as conn:
        return entities(read(conn, exclude=["my_history"]))


@pytest.fixture
def of(empty):
    def made(text):
        parameters = empty()
        run(parameters, text)
        with psycopg.connect(**parameters) as conn:
            return entities(read(conn, exclude=["my_history"]))

    return made


def column(found, table, name):
    (attribute,) = (a for t in found.tables if t.name == table for a in t.attributes if a.name == name)
    return attribute


def test_every_table_is_there_and_a_partition_is_part_of_its_parent(every_table):
    names = {table.name: table.partitions for table in every_table.tables}
    assert names["app.events"] == 4
    assert names['"Odd Schema"."Odd ""Table"""'] == 0
    assert "app.events_2024_eu" not in names
    assert {table.name for table in every_table.tables if not table.attributes} == {"app.no_columns"}


def test_a_column_is_a_name_a_type_and_whether_it_may_be_null(of):
    found = of("""
        CREATE SCHEMA "Odd Schema";
        CREATE TYPE "Odd Schema"."Odd Type" AS ENUM ('a');
        CREATE TABLE public.t (
            plain integer,
            words timestamp(3) with time zone NOT NULL DEFAULT now(),
            "comma," numeric(10, 2) DEFAULT 1,
            literal text DEFAULT 'x NOT NULL',
            collated text COLLATE "C" NOT NULL,
            quoted "Odd Schema"."Odd Type"[],
            serial bigserial,
            identity bigint GENERATED ALWAYS AS IDENTITY
        )
    """)
    (table,) = found.tables
    assert [(c.name, c.type, c.not_null) for c in table.attributes] == [
        ("plain", "integer", False),
        ("words", "timestamp(3) with time zone", True),
        ('"comma,"', "numeric(10,2)", False),
        ("literal", "text", False),
        ("collated", "text", True),
        ("quoted", '"Odd Schema"."Odd Type"[]', False),
        ("serial", "bigint", True),
        ("identity", "bigint", True),
    ]


def test_a_child_has_its_parents_columns_first(every_table):
    (child,) = (table for table in every_table.tables if table.name == "app.child")
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
CREATE UNIQUE INDEX some_orders ON public.orders USING btree (customer_id) WHERE (id > 5);
ALTER TABLE public.orders
    ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) ON DELETE CASCADE;
ALTER TABLE public.orders
    ADD CONSTRAINT orders_twin_fkey FOREIGN KEY ("twin of") REFERENCES public.orders(id);
"""


def test_a_reference_says_whether_there_may_be_none_and_whether_there_may_be_many(of):
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


def test_keys_mark_their_columns(of):
    found = of(ORDERS)
    assert column(found, "public.customers", "id").in_primary_key
    assert column(found, "public.customers", "email").is_unique
    assert column(found, "public.orders", "customer_id").in_foreign_key
    assert not column(found, "public.orders", "customer_id").is_unique  # only over some rows
