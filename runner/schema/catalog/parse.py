"""Find the objects of a rendered file again, to compare a committed snapshot object by object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.files.sqltext.identifiers import LAST_NAME, NAME, QUALIFIED
from runner.files.sqltext.lexer import statements
from runner.schema.catalog.objects import (
    KEYWORDS,
    NAMED_WITH_KIND,
    PART,
    Catalog,
    CatalogObject,
    Key,
    Table,
    as_parent,
    in_words,
)
from runner.schema.catalog.spelling import split, split_list

if TYPE_CHECKING:
    from collections.abc import Callable

# Anything up to what follows, which is not looked for inside quotes.
_WORDS = r"""(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^"'])+?"""
_TABLE = re.compile(r"(?P<head>CREATE [^(]*?TABLE .*?) \(\n(?P<body>.*?)\n\)(?P<tail>.*)", re.DOTALL)
_COLUMN_NAME = re.compile(r'"(?:[^"]|"")*"|[^\s,]+')
_LAST_NAME = re.compile(LAST_NAME)
_SET_ROLE = re.compile(rf"SET\s+ROLE\s+(?P<role>{NAME})")


class Identified(NamedTuple):
    """What a statement belongs to."""

    kind: str
    identity: str
    parent: str | None = None


def parse(text: str) -> Catalog:
    """Read the objects from text as `render` writes it; statements for one object are joined again.

    An edit by hand is no trouble as long as each statement begins as a rendered one does. A function is
    identified by its arguments as they are written, since only the server knows their types.

    Raises: `runner.files.sqltext.SqlSyntaxError` where the text cannot be cut into statements.
    """
    found: dict[Key, list[str]] = {}
    parents: dict[Key, str | None] = {}
    roles: dict[Key, str] = {}  # who gives a right, where it is not the owner
    index_tables: dict[str, str] = {}
    role: str | None = None
    for statement in statements([text]):
        if statement.starts_with("SET"):
            match = _SET_ROLE.fullmatch(statement.text)
            role = None if match is None else match["role"]
            continue
        if statement.starts_with("RESET", "ROLE"):
            role = None
            continue
        kind, identity, parent = identify(statement.text)
        if role is not None:
            identity += f" by {role}"
        if parent is not None and kind in ("index", "constraint"):
            name = identity.removesuffix(f" on {parent}")
            index_tables[f"{_schema(parent)}.{name}"] = parent
        elif kind == "index attachment":
            parent = index_tables.get(identity.partition(" to ")[0])
        elif kind == "comment" and identity.startswith("on index "):
            parent = index_tables.get(identity.removeprefix("on index "))
        elif kind == "index statistics":
            parent = index_tables.get(identity.removeprefix("of "))
        elif kind == "sequence ownership":
            column = statement.text.rpartition("OWNED BY ")[2]
            parents["sequence", identity] = _LAST_NAME.sub("", column)
        elif kind == "table" and ("foreign table", identity) in found:
            kind = "foreign table"  # INHERIT and ATTACH PARTITION say TABLE of both
        found.setdefault((kind, identity), []).append(f"{statement.text};")
        parents[kind, identity] = parent
        if role is not None:
            roles[kind, identity] = role
    for key, by in roles.items():
        found[key] = [f"SET ROLE {by};", *found[key], "RESET ROLE;"]
    objects = {key: CatalogObject(*key, "\n".join(sql), parents[key]) for key, sql in found.items()}
    return Catalog(objects)


def table(sql: str) -> Table | None:
    """Return the parts of a CREATE TABLE as `render` writes it; None for PARTITION OF."""
    match = _TABLE.fullmatch(sql)
    if match is None:
        return None
    lines = []
    for text in split_list(match["body"]):
        name = _COLUMN_NAME.match(text)
        is_constraint = text.startswith("CONSTRAINT ")  # a NOT NULL for an inherited column
        lines.append((name.group() if name and not is_constraint else text, text))
    return Table(head=match["head"], lines=tuple(lines), tail=match["tail"])


def identify(sql: str) -> Identified:
    """Return the object that a statement creates or alters, from its first words."""
    for pattern, name in _PATTERNS:
        match = pattern.match(sql)
        if match is not None:
            return name(match)
    return Identified("statement", " ".join(sql.split())[:80])


def _schema(qualified: str) -> str:
    return _LAST_NAME.sub("", qualified)


def _plain(kind: str) -> Callable[[re.Match[str]], Identified]:
    return lambda match: Identified(kind, match["name"])


def _on_table(kind: str) -> Callable[[re.Match[str]], Identified]:
    return lambda match: Identified(kind, f"{match['name']} on {match['table']}", match["table"])


def _of_table(kind: str) -> Callable[[re.Match[str]], Identified]:
    return lambda match: Identified(kind, f"of {match['table']}", match["table"])


def _of_column(kind: str) -> Callable[[re.Match[str]], Identified]:
    return lambda match: Identified(kind, f"{match['table']}.{match['name']}", match["table"])


def _routine(match: re.Match[str]) -> Identified:
    kind = match["kind"].lower()
    rest = match.string[match.end() :]
    arguments = _arguments(rest)
    if kind == "aggregate":
        return Identified(kind, f"{match['name']}({', '.join(arguments)})")
    plain = [re.sub(r"(?s) DEFAULT .*", "", argument) for argument in arguments]
    return Identified(kind, f"{match['name']}({', '.join(plain)})")


def _arguments(text: str) -> list[str]:
    """Split what follows an opening parenthesis, up to the closing one, at its commas."""
    depth, found = 0, []
    for word in split(text):
        depth += (word == "(") - (word == ")")
        if depth < 0:
            break
        found.append(word)
    return split_list("".join(found))


def _comment(match: re.Match[str]) -> Identified:
    keyword, target = match["keyword"], match["target"]
    part = PART.fullmatch(f"{keyword} {target}")
    parent = as_parent(keyword.lower(), target) if part is None else part["of"]
    if keyword == "COLUMN":
        parent = _LAST_NAME.sub("", target)
    return Identified("comment", f"on {in_words(f'{keyword} {target}')}", parent)


def _right(match: re.Match[str]) -> Identified:
    verb = match["verb"].lower()
    preposition = "to" if verb == "grant" else "from"
    identity = f"on {match['keyword'].lower()} {match['target']} {preposition} {match['grantee']}"
    return Identified(verb, identity, as_parent(_GRANTED.get(match["keyword"], ""), match["target"]))


def _operator(match: re.Match[str]) -> Identified:
    sides = (re.search(rf"{side}ARG = (.*?)[,\n]", match["options"]) for side in ("LEFT", "RIGHT"))
    types = ", ".join("NONE" if side is None else side[1] for side in sides)
    return Identified("operator", f"{match['name']} ({types})")


def _part_of_publication(kind: str) -> Callable[[re.Match[str]], Identified]:
    return lambda match: Identified(
        kind, f"{match['name']} in {match['publication']}", f"publication {match['publication']}"
    )


def _default_privileges(match: re.Match[str]) -> Identified:
    of_role = f"for role {match['role']} " if match["role"] else ""
    within = f"in schema {match['schema']} " if match["schema"] else ""
    verb = match["verb"].lower()
    change = f"{verb} on {match['keyword'].lower()} {'to' if verb == 'grant' else 'from'} {match['grantee']}"
    return Identified("default privileges", f"{of_role}{within}{change}", match["schema"])


def _patterns(
    *rules: tuple[str, Callable[[re.Match[str]], Identified]],
) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], Identified]]]:
    """Compile the rules: NAME is a name, QUALIFIED one with its schema, a blank any white space."""
    compiled = []
    for rule, name in rules:
        pattern = rule.replace(" ", r"\s+").replace("QUALIFIED", QUALIFIED).replace("NAME", NAME)
        compiled.append((re.compile(pattern, re.DOTALL), name))
    return compiled


_ON = r"(?P<table>QUALIFIED)"
_ALTER = rf"ALTER TABLE (?:ONLY )?{_ON} "
_ALTER_COLUMN = rf"{_ALTER}ALTER COLUMN (?P<name>NAME) SET "
_NAMED = r"(?P<name>QUALIFIED)"
_SWITCH = r"(?:DISABLE|ENABLE|ENABLE REPLICA|ENABLE ALWAYS)"
_TARGET = (
    r"(?P<keyword>TABLE|SEQUENCE|FUNCTION|PROCEDURE|TYPE|DOMAIN|SCHEMA|FOREIGN SERVER|FOREIGN DATA WRAPPER)"
    r" (?P<target>\S.*)"
)
_GRANTED = {"FOREIGN SERVER": "server", "FOREIGN DATA WRAPPER": "foreign data wrapper"}
_KEYWORD = rf"(?P<keyword>{'|'.join(KEYWORDS)}|[A-Z]+)"
_NAMED_ALONE = (kind for kind in NAMED_WITH_KIND if not kind.startswith(("cast", "operator", "user mapping")))
_PATTERNS = _patterns(
    (rf"CREATE (?:UNLOGGED )?TABLE {_NAMED}", _plain("table")),
    (rf"CREATE FOREIGN TABLE {_NAMED}", _plain("foreign table")),
    (
        rf"ALTER FOREIGN TABLE ONLY {_ON} ALTER COLUMN (?P<name>NAME) OPTIONS",
        _of_column("foreign column options"),
    ),
    (rf"ALTER TABLE ONLY QUALIFIED ATTACH PARTITION {_NAMED}", _plain("table")),
    (rf"ALTER TABLE {_NAMED} (?:INHERIT|OF) ", _plain("table")),
    (rf"{_ALTER}ADD CONSTRAINT (?P<name>NAME) FOREIGN KEY", _on_table("foreign key")),
    (rf"{_ALTER}VALIDATE CONSTRAINT (?P<name>NAME)$", _on_table("constraint validation")),
    (rf"{_ALTER}ADD CONSTRAINT (?P<name>NAME) ", _on_table("constraint")),
    (rf"CREATE (?:UNIQUE )?INDEX (?P<name>NAME) ON (?:ONLY )?{_ON}", _on_table("index")),
    (
        rf"ALTER INDEX (?P<table>QUALIFIED) ATTACH PARTITION {_NAMED}",
        lambda match: Identified("index attachment", f"{match['name']} to {match['table']}"),
    ),
    (
        rf"ALTER INDEX {_NAMED} ALTER COLUMN ",
        lambda match: Identified("index statistics", f"of {match['name']}"),
    ),
    (
        rf"{_ALTER}ALTER COLUMN NAME (?:SET NOT NULL|DROP NOT NULL|DROP DEFAULT|SET COMPRESSION)",
        lambda match: Identified("table", match["table"]),
    ),
    (
        rf"ALTER MATERIALIZED VIEW {_ON} ALTER COLUMN (?P<name>NAME) SET COMPRESSION",
        _of_column("column compression"),
    ),
    (rf"{_ALTER_COLUMN}STORAGE ", _of_column("column storage")),
    (rf"{_ALTER_COLUMN}STATISTICS ", _of_column("column statistics")),
    (rf"{_ALTER_COLUMN}\(", _of_column("column options")),
    (rf"{_ALTER_COLUMN}DEFAULT ", _of_column("column default")),
    (rf"{_ALTER}CLUSTER ON ", _of_table("cluster")),
    (rf"{_ALTER}REPLICA IDENTITY ", _of_table("replica identity")),
    (rf"{_ALTER}(?:ENABLE|FORCE) ROW LEVEL SECURITY", _of_table("row level security")),
    (rf"{_ALTER}{_SWITCH} TRIGGER (?P<name>NAME)", _on_table("trigger")),
    (rf"{_ALTER}{_SWITCH} RULE (?P<name>NAME)", _on_table("rule")),
    (rf"CREATE (?:CONSTRAINT )?TRIGGER (?P<name>NAME) {_WORDS} ON {_ON}", _on_table("trigger")),
    (rf"CREATE RULE (?P<name>NAME) AS ON \w+ TO {_ON}", _on_table("rule")),
    (rf"CREATE POLICY (?P<name>NAME) ON {_ON}", _on_table("policy")),
    (
        rf"CREATE STATISTICS {_NAMED}.* FROM {_ON}$",
        lambda match: Identified("statistics", match["name"], match["table"]),
    ),
    (rf"ALTER STATISTICS {_NAMED} SET", _plain("statistics")),
    (rf"CREATE VIEW {_NAMED}", _plain("view")),
    (
        rf"CREATE OR REPLACE VIEW {_NAMED}",
        lambda match: Identified("view query", match["name"], match["name"]),
    ),
    (rf"CREATE MATERIALIZED VIEW {_NAMED}", _plain("materialized view")),
    (rf"CREATE (?:OR REPLACE )?(?P<kind>FUNCTION|PROCEDURE|AGGREGATE) {_NAMED}\(", _routine),
    (rf"CREATE TYPE {_NAMED}", _plain("type")),
    (rf"CREATE DOMAIN {_NAMED}", _plain("domain")),
    (
        r"ALTER DOMAIN (?P<table>QUALIFIED) ADD CONSTRAINT (?P<name>NAME)",
        lambda match: Identified("constraint", f"{match['name']} on domain {match['table']}", match["table"]),
    ),
    (rf"CREATE (?:UNLOGGED )?SEQUENCE {_NAMED}", _plain("sequence")),
    (
        rf"ALTER SEQUENCE {_NAMED} OWNED BY ",
        lambda match: Identified("sequence ownership", match["name"], match["name"]),
    ),
    (
        rf"ALTER SEQUENCE {_NAMED} SET (?:LOGGED|UNLOGGED)$",
        lambda match: Identified("sequence persistence", f"of {match['name']}"),
    ),
    (rf"CREATE SCHEMA {_NAMED}", _plain("schema")),
    (rf"CREATE EXTENSION (?:IF NOT EXISTS )?{_NAMED}", _plain("extension")),
    (rf"(?:CREATE|ALTER) EVENT TRIGGER {_NAMED} (?!OWNER)", _plain("event trigger")),
    (
        rf"ALTER {_KEYWORD} (?P<target>\S.*) OWNER TO",
        lambda match: Identified(
            "owner",
            f"of {in_words(match['keyword'] + ' ' + match['target'])}",
            as_parent(match["keyword"].lower(), match["target"]),
        ),
    ),
    (rf"COMMENT ON {_KEYWORD} (?P<target>{_WORDS}) IS '", _comment),
    (r"CREATE CAST (?P<name>\(.*?\)) WITH", _plain("cast")),
    (
        r"CREATE OPERATOR CLASS (?P<name>QUALIFIED) .*? USING (?P<method>NAME) ",
        lambda match: Identified("operator class", f"{match['name']} USING {match['method']}"),
    ),
    (r"(?:CREATE|ALTER) OPERATOR FAMILY (?P<name>QUALIFIED USING NAME)", _plain("operator family")),
    (r"CREATE OPERATOR (?P<name>\S+) (?P<options>\(.*)", _operator),
    (r"CREATE USER MAPPING (?P<name>FOR NAME SERVER NAME)", _plain("user mapping")),
    (
        rf"ALTER PUBLICATION (?P<publication>NAME) ADD TABLE ONLY {_NAMED}",
        _part_of_publication("publication table"),
    ),
    (
        r"ALTER PUBLICATION (?P<publication>NAME) ADD TABLES IN SCHEMA (?P<name>NAME)",
        _part_of_publication("publication schema"),
    ),
    *((rf"(?:CREATE|ALTER) {kind.upper()} {_NAMED}", _plain(kind)) for kind in _NAMED_ALONE),
    (
        rf"(?P<verb>GRANT|REVOKE) {_WORDS} ON {_TARGET} (?:TO|FROM) (?P<grantee>NAME)(?: WITH GRANT OPTION)?$",
        _right,
    ),
    (
        (
            r"ALTER DEFAULT PRIVILEGES(?: FOR ROLE (?P<role>NAME))?(?: IN SCHEMA (?P<schema>NAME))?"
            r" (?P<verb>GRANT|REVOKE)"
            r" .*? ON (?P<keyword>TABLES|SEQUENCES|FUNCTIONS|TYPES|SCHEMAS|LARGE OBJECTS)"
            r" (?:TO|FROM) (?P<grantee>NAME)(?: WITH GRANT OPTION)?$"
        ),
        _default_privileges,
    ),
)
