"""The order of statements: by section and name, after what they need, a table's parts with it."""

from __future__ import annotations

from runner.schema.catalog.dependency_order import Node, Place, Section, in_order, reaches


def node(
    name: str, section: Section = Section.TABLES, group: str = "", place: Place = Place.MAIN, *needs: Node
) -> Node:
    return Node("table", name, section, group or name, place, needs=list(needs))


def names(nodes: list[Node]) -> list[str]:
    return [item.identity for item in in_order(nodes)]


def test_sections_come_first_then_names() -> None:
    assert names([node("b"), node("a"), node("z", Section.TYPES), node("y", Section.VIEWS)]) == [
        "z",
        "a",
        "b",
        "y",
    ]


def test_what_is_needed_comes_before_whatever_its_section() -> None:
    view = node("v", Section.VIEWS)
    function = node("f", Section.FUNCTIONS, "", Place.MAIN, view)
    table = node("t", Section.TABLES, "", Place.MAIN, function)
    assert names([table, function, view, node("s")]) == ["s", "v", "f", "t"]


def test_a_tables_parts_follow_it_before_anything_else() -> None:
    table = node("t")
    index = node("t_index", Section.TABLES, "t", Place.INDEX, table)
    function = node("over_t", Section.FUNCTIONS, "", Place.MAIN, table)
    late = node("t_policy", Section.TABLES, "t", Place.POLICY, table, function)
    assert names([late, function, index, table, node("u")]) == ["t", "t_index", "over_t", "t_policy", "u"]


def test_the_order_does_not_depend_on_how_the_nodes_came() -> None:
    table = node("t")
    nodes = [
        table,
        *(node(f"i{n}", Section.TABLES, "t", Place.INDEX, table) for n in range(9)),
        node("a"),
        node("z"),
    ]
    assert names(nodes) == names(nodes[::-1])


def test_a_circle_is_broken_at_the_first_name() -> None:
    first, second, last = node("a"), node("b"), node("c")
    first.needs.append(second)
    second.needs.append(first)
    last.needs.append(second)
    assert names([last, second, first]) == ["a", "b", "c"]


def test_a_need_twice_or_of_itself_or_from_outside_is_no_obstacle() -> None:
    table, outside = node("t"), node("outside")
    table.needs += [table, outside]
    index = node("i", Section.TABLES, "t", Place.INDEX, table, table)
    assert names([index, table]) == ["t", "i"]


def test_reaches_follows_needs() -> None:
    a = node("a")
    b = node("b", Section.TABLES, "", Place.MAIN, a)
    c = node("c", Section.TABLES, "", Place.MAIN, b)
    assert reaches(c, a)
    assert not reaches(a, c)
