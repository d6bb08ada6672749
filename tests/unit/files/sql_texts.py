"""Hypothesis strategies for SQL: every form of quote and comment, and whole files made of them."""

from __future__ import annotations

from hypothesis import strategies as st

SPACES = ["", " ", "\n", "\r\n", "\r", "\t", "\f", "  \n"]
WORDS = ["a", "e", "E", "u", "n", "b", "x", "a$b$", "a$$", "$", "é", "☃e", "\u00a0", "\u2028", "\ufeff", "ſet", "_1", "ÜBER"]  # fmt: skip
KEYWORDS = [
    "SELECT", "insert", "UpDaTe", "SET", "VALUES", "COPY", "FROM", "BEGIN", "atomic", "CASE", "END",
    "AS", "DO",
]  # fmt: skip
NUMBERS = ["1", "1.5", ".5", "1e5", "1E-5", "$1", "1$1", "0x1F", "1_000", "1.", "1..2"]
OPERATORS = [
    "+", "-", "*", "/", "<", "=", "->", "->>", "<-", "#>>", "|/", "||/", "@-@", "*/", "<->", "!~~*",
    "::", ":=", "?&", "[", "]", ",", ".",
]  # fmt: skip
UNFINISHED = ["'", '"', "$$", "$a$", "$", "e'", "/*", "*/", "--", "u&", "b'"]

# what makes trouble inside a quote
_TROUBLE = st.sampled_from(
    [";", "--", "/*", "*/", "$$", "$a$", "\\", "'", '"', "a", "END", "COMMIT;", "\n", "\r\n", "é", "(", ")", " "]
)  # fmt: skip
_INNER = st.lists(_TROUBLE, max_size=5).map("".join)
_CONTINUES = st.sampled_from(
    ["\n", " \n ", "\r", "\t\r\n", " -- it's\n", "\n-- c;\n  ", "\n\n", "-- a\r-- '\n"]
)


def _quoted(inner: str, quote: str) -> str:
    return quote + inner.replace(quote, quote * 2) + quote


strings = st.builds(_quoted, _INNER, st.just("'"))
names = st.lists(_TROUBLE, min_size=1, max_size=5).map(lambda parts: _quoted("".join(parts), '"'))
_escaped = st.lists(
    st.sampled_from(["\\'", "''", "\\\\", ";", "\n", "--", "a", '"', "\\n", "$$"]), max_size=5
).map(lambda parts: f"'{''.join(parts)}'")
escape_strings = st.builds(
    lambda e, first, rest: e + first + "".join(space + more for space, more in rest),
    st.sampled_from(["e", "E"]),
    _escaped,
    st.lists(st.tuples(_CONTINUES, _escaped), max_size=2),
)
continued_strings = st.builds(lambda a, space, b: a + space + b, strings, _CONTINUES, strings)
coded_strings = st.sampled_from(
    ["U&'d\\0061t\\+000061;'", "u&'\\\\;--'", "U&'a!0041;' UESCAPE '!'", "u&''''"]
)
coded_names = st.sampled_from(['U&"d\\0061;"', 'u&"x"";"'])
bit_strings = st.sampled_from(["B'01'", "b''", "X'1F'", "x'aF'"])
_TAGS = st.sampled_from(["$$", "$a$", "$b$", "$_1$", "$é$", "$END$"])


def _dollar(tag: str, inner: str) -> str:
    # a dollar at the end of the text would go with the closing tag
    return f"{tag}{inner.replace(tag, ';').rstrip('$')} {tag}"


dollar_strings = st.builds(_dollar, _TAGS, st.one_of(_INNER, st.builds(_dollar, _TAGS, _INNER)))
line_comments = st.builds(
    lambda inner, end: "--" + inner.replace("\n", " ").replace("\r", " ") + end,
    _INNER,
    st.sampled_from(["\n", "\r\n", "\r"]),
)
block_comments = st.one_of(
    st.sampled_from(["/**/", "/***/", "/*/*/**/*/*/", "/*//**/ */", "/* -- */", "/*;*/"]),
    st.recursive(
        st.sampled_from([";", "'", "$$", "--", "* / ", "a\n", '"', "\\"]),
        lambda inside: st.lists(inside, max_size=3).map(lambda parts: f"/* {' '.join(parts)} */"),
        max_leaves=5,
    ).map(lambda text: text if text.startswith("/*") else f"/*{text}*/"),
)

quotes = st.one_of(
    strings, names, escape_strings, continued_strings, coded_strings, coded_names, bit_strings, dollar_strings
)
comments = st.one_of(line_comments, block_comments)
gaps = st.one_of(
    st.sampled_from([" ", "\n", "\r\n", "\t", " \n "]), comments.map(lambda c: f" {c} "), comments
)

_pieces = st.one_of(
    quotes,
    quotes,
    comments,
    st.sampled_from(SPACES),
    st.sampled_from([";", ";", "(", ")"]),
    st.sampled_from(WORDS + KEYWORDS),
    st.sampled_from(NUMBERS),
    st.sampled_from(OPERATORS),
)
# tokens side by side in no grammatical order
soup = st.lists(_pieces, max_size=14).map("".join)
broken_soup = st.lists(st.one_of(_pieces, st.sampled_from(UNFINISHED)), max_size=14).map("".join)
garbage = st.text(st.sampled_from("'\"$eEuU&/*-\\;()\n\r a1.\u00a0é:=<bx"), max_size=60)


# values and names that every server reads without complaint
values = st.one_of(
    strings,
    escape_strings,
    continued_strings,
    dollar_strings,
    st.sampled_from(
        [
            "1",
            "-1.5e3",
            "B'01'",
            "U&'d\\0061t'",
            "(1)",
            "1+-2",
            "a$b$",
            "x.end",
            "1::int",
            "ARRAY[1,2]",
            "$$;$$",
            "NULL",
        ]
    ),
    st.sampled_from(
        ["CASE WHEN true THEN 1 ELSE 2 END", "CASE 1 WHEN 1 THEN CASE WHEN 1 = 1 THEN 1 END END"]
    ),
    st.sampled_from(["1 AS end", "1 end", "1 case", '1 AS "END;"', "1 AS atomic", "1 begin"]),
)
labels = st.one_of(
    names, st.sampled_from(["t", "Ünï", "a$b$", "begin", "atomic", '"end"', "s.case", "\u00a0"])
)


@st.composite
def simple_statements(draw: st.DrawFn) -> str:
    """Return a statement that holds no other."""
    value, label = draw(values), draw(labels)
    return draw(
        st.sampled_from(
            [
                f"SELECT {value}",
                f"select/**/{value}",
                f"INSERT INTO {label} SELECT {value}",
                f"UPDATE {label} SET a = (SELECT {value})",
                f"DELETE FROM {label} WHERE (SELECT {value}) IS NULL",
                f"WITH w AS (SELECT {value}) SELECT FROM w",
                f"CREATE TABLE {label} (a text DEFAULT 'x;', b int CHECK (b > 1))",
                f"CREATE VIEW {label} AS SELECT {value}",
                f"DO {draw(dollar_strings)}",
                f"CREATE FUNCTION begin() RETURNS text LANGUAGE sql AS {draw(dollar_strings)}",
                f"CREATE FUNCTION {label}() RETURNS int LANGUAGE sql RETURN (SELECT {value})",
                "CREATE FUNCTION f(begin int, atomic int) RETURNS begin LANGUAGE c",
                f"COPY (SELECT {value} FROM stdin) TO 'file;'",
                f"COPY {label} FROM 'file' WHERE a IS DISTINCT FROM stdin",
                f"COMMENT ON TABLE {label} IS {draw(strings)}",
                "(SELECT 1)",
                "SET search_path TO begin, atomic",
                "BEGIN",
                "END",
            ]
        )
    )


_create = st.one_of(
    st.sampled_from(["CREATE", "create or replace"]), gaps.map(lambda gap: f"CREATE {gap} OR REPLACE")
)
_begin = st.one_of(
    st.sampled_from(["BEGIN ATOMIC ", "begin\natomic\n"]), gaps.map(lambda gap: f"BEGIN{gap}ATOMIC{gap} ")
)
_inner = simple_statements().filter(lambda text: text not in {"BEGIN", "END"})
_bodies = st.lists(st.tuples(_inner, gaps), max_size=2).map(
    lambda found: "".join(f"{s}{gap};" for s, gap in found)
)
_functions = st.builds(
    lambda create, begin, body, gap: f"{create} FUNCTION f() RETURNS int LANGUAGE sql {begin}{body}{gap}END",
    _create, _begin, _bodies, gaps,
)  # fmt: skip
_procedures = st.builds(
    lambda create, begin, body: f"{create} PROCEDURE p(a int DEFAULT 1) LANGUAGE sql SET a TO begin {begin};{body} END",
    _create, _begin, _bodies,
)  # fmt: skip
_nested = st.builds(
    lambda inner, body: f"CREATE FUNCTION f() BEGIN ATOMIC {inner}; {body} END", _functions, _bodies
)
_rules = st.builds(
    lambda create, value, other, gap: f"{create} RULE r AS ON INSERT TO t DO ALSO ({gap};UPDATE t SET a = (SELECT {value}); "
    f"DELETE FROM t WHERE (SELECT {other}) = 1;{gap})",
    _create, values, values, gaps,
)  # fmt: skip


def statement_texts() -> st.SearchStrategy[str]:
    """Return statements, some of which hold others with their semicolons."""
    return st.one_of(simple_statements(), simple_statements(), _functions, _procedures, _nested, _rules)


@st.composite
def files(draw: st.DrawFn, texts: st.SearchStrategy[str] | None = None) -> str:
    """Return a file of statements that PostgreSQL can parse."""
    found = draw(st.lists(statement_texts() if texts is None else texts, max_size=4))
    ends = st.builds(
        lambda before, more, after: f"{before};{more}{after}", gaps, st.sampled_from(["", ";", " ;;"]), gaps
    )
    text = draw(st.one_of(st.just(""), gaps)) + "".join(text + draw(ends) for text in found)
    return text + draw(st.one_of(st.just(""), st.just("SELECT 1"), gaps))
