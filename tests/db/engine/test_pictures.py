"""`runner snapshot --format`: the tables as a picture."""

from __future__ import annotations

ORDERS = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers);
"""
MERMAID = """\
erDiagram
    t1["customers"] {
        bigint id PK
    }
    t2["orders"] {
        bigint id PK
        bigint customer_id FK "not null"
    }
    t2 }o--|| t1 : "orders_customer_id_fkey"
"""


def draw(project, form, *args):
    return project.run("snapshot", "--format", form, "--scratch-url", project.url, *args)


def test_mermaid_is_printed_and_nothing_is_written(project):
    project.write("0001_orders", ORDERS)
    done = draw(project, "mermaid")
    assert (done.code, done.out) == (0, MERMAID)
    assert not (project.root / "sql").exists()


def test_a_page_holds_every_database(project):
    project.write("migrations/one/0001_orders.sql", ORDERS)
    project.write("migrations/two/0001_orders.sql", ORDERS)
    page = draw(project, "html").out
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<svg") == 2
    assert "2 tables, 3 columns, 1 foreign key" in page


def test_a_mermaid_text_holds_one_database(project):
    project.write("migrations/one/0001_orders.sql", ORDERS)
    project.write("migrations/two/0001_orders.sql", ORDERS)
    done = draw(project, "mermaid")
    assert done.code == 2
    assert "Name one of them: --database one" in done.err
    assert draw(project, "mermaid", "--database", "two").code == 0


def test_a_picture_is_neither_a_check_nor_json(project):
    project.write("0001_orders", ORDERS)
    for flag in ("--check", "--json"):
        assert draw(project, "html", flag).code == 2
