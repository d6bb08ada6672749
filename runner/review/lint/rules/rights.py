"""Rules about rights, and about secrets in a repository."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from runner.files.sqltext.phrase import Phrase
from runner.review.lint.bodies import unquoted
from runner.review.lint.facts import Facts
from runner.review.lint.routines import resets_path, sets_path
from runner.review.lint.rule import Problem, Rule

_KNOWN = re.compile(
    r"""\b(?P<aws>(?:AKIA|ASIA)[0-9A-Z]{16})\b
      | (?P<key>-----BEGIN\ (?:[A-Z]+\ )*PRIVATE\ KEY-----)
      | \b(?P<github>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{50,})
      | \b(?P<slack>xox[abprs]-[A-Za-z0-9-]{20,})
      | \b(?P<stripe>[sr]k_live_[A-Za-z0-9]{16,})
      | \b(?P<google>AIza[\w-]{35})
      | \b(?P<jwt>eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,})
      | (?P<url>\bpostgres(?:ql)?://[^\s:/@'"<$]+:(?P<hidden>[^\s@/'"<>${}*.]{3,})@)
      | \b(?:CREATE|ALTER)\s+(?:ROLE|USER)\s[^';]*PASSWORD\s+(?P<doubled>''[^']+'')
      | \b(?:ENCRYPTED\s+)?PASSWORD\s+(?P<password>[eE]?'(?!\s*\|\|)[^']+'|\$(?P<tag>\w*)\$.+?\$(?P=tag)\$)
      | '(?P<random>[A-Za-z0-9+/_=-]{32,})'
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NAMES = {
    "aws": "an AWS access key", "key": "a private key", "github": "a GitHub token", "slack": "a Slack token",
    "stripe": "a Stripe key", "google": "a Google API key", "jwt": "a signed token", "url": "a URL with a password",
    "password": "a password", "doubled": "a password", "random": "what looks like a random key",
}  # fmt: skip
_HINTS = re.compile(
    r"AKIA|ASIA|-----BEGIN|gh[pousr]_|github_pat_|xox|k_live_|AIza|eyJ|://|password|'[\w+/=-]{32}",
    re.IGNORECASE,
)
_CASED = frozenset({"aws", "google", "jwt", "key"})
_LONGEST_KEY = 256  # anything longer without a header is data
_FILES = (
    "R0lGOD",
    "iVBORw0KGgo",
    "/9j/",
    "PHN2Zy",
    "PD94bWw",
    "UEsDB",
    "JVBERi",
    "AAABAA",
    "UklGR",
)  # base64 of gif, …
_WORD = re.compile(r"[A-Z]?[a-z]{3,}")
_SHARE_OF_WORDS = 0.5  # random base64 has a tenth of its characters in them
_KEYWORD = re.compile(r"\b([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']+)")
_RANDOM_BITS = 4.3  # a character; words and paths stay below 4.2, base64 of 32 random bytes above 4.5


def secrets(text: str) -> Iterator[tuple[int, str]]:
    """Yield the secrets in a text: where each starts, and what it is."""
    if _HINTS.search(text) is None:
        return
    pos = 0
    while (match := _KNOWN.search(text, pos)) is not None:
        kind = next(name for name in _NAMES if match[name])
        pos = match.end()
        if kind == "random" and not _is_random(match[kind]):
            pos = match.start() + 1  # it may contain a token of a known format
        elif kind not in _CASED or _is_cased(match[kind]):
            yield match.start(kind), _NAMES[kind]


def _conninfo(phrase: Phrase, _facts: Facts) -> Iterator[Problem]:
    """Find a password in a connection string, as in CREATE SUBSCRIPTION and dblink."""
    if "password" not in phrase.statement.text:
        return
    for token in phrase.tokens:
        if token.kind in {"string", "escape", "dollar"}:
            text, _ = unquoted(token)
            found = dict(_KEYWORD.findall(text))
            is_one = _KEYWORD.sub("", text).strip() == ""
            password = found.get("password", "")
            is_hidden = not password.strip("'*") or any(sign in password for sign in "<${%")
            if is_one and len(found) > 1 and not is_hidden:
                yield Problem("the file contains a password", token.start)


def _is_cased(found: str) -> bool:
    return found.startswith(("AKIA", "ASIA", "AIza", "eyJ", "-----BEGIN"))


def _is_random(found: str) -> bool:
    """Return whether it looks random, unlike words, paths, alphabets, UUIDs and hex hashes: both cases, digits, even spread."""
    if len(found) > _LONGEST_KEY or found.startswith(_FILES):
        return False
    if sum(map(len, _WORD.findall(found))) > len(found) * _SHARE_OF_WORDS:
        return False
    if not (re.search(r"[A-Z]", found) and re.search(r"[a-z]", found) and re.search(r"[0-9]", found)):
        return False
    counts = Counter(found)
    if len(counts) == len(found):  # an alphabet
        return False
    return -sum(n / len(found) * math.log2(n / len(found)) for n in counts.values()) >= _RANDOM_BITS


def _to_public(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    gives_back = facts.undoes is not None and facts.undoes.takes_from_public
    if gives_back or "GRANT" not in phrase.words:
        return
    index = phrase.find("TO")
    for begin, _ in phrase.actions(index + 1) if index >= 0 else ():
        if phrase.stands(phrase.skip(begin, ("GROUP",)), "PUBLIC"):
            yield Problem("a right is granted to everyone who can connect", phrase.offset(begin))


def _definer(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    name, after = phrase.target()
    known = facts.schema.routine(name) if phrase.kind.startswith("ALTER ") else None
    index = phrase.find("SECURITY", "DEFINER")
    if index < 0:
        is_definer = known is not None and known.is_definer
        index = after if is_definer and resets_path(phrase, after) else -1
    elif known is not None and known.has_search_path and not resets_path(phrase, after):
        return
    if index >= 0 and not sets_path(phrase, after):
        message = f"{name} runs with its owner's rights and its caller's search_path"
        yield Problem(message, phrase.offset(index))


RULES = (
    Rule(
        id="secret-literal",
        name="The file contains a secret",
        condition="A password in CREATE or ALTER ROLE, in an option or among a connection's keywords, a URL with a password, a"
        " private key, a token of a"
        " known shape, or a literal of 32 or more characters that looks random; in comments too.",
        effect="It is then in the repository, in migration history, in the server's log and perhaps in"
        " pg_stat_statements. Whoever can read one of these has it. Change it now.",
        safer="Create roles with NOLOGIN or without a password, and set the password elsewhere, from the secret store.",
        unknown="Whether it is a secret: a word, a date or a name as a password looks like any text. A secret"
        " that is built from parts.",
        bad="CREATE ROLE reporting LOGIN PASSWORD 'correct horse';",
        good="CREATE ROLE reporting NOLOGIN;",
        source="CREATE ROLE, Notes",
        kinds=("*",),
        check=_conninfo,
        in_rollback=True,
        shows_line=False,
    ),
    Rule(
        id="grant-to-public",
        name="A right is granted to PUBLIC",
        condition="GRANT … TO PUBLIC, or ALTER DEFAULT PRIVILEGES … GRANT … TO PUBLIC; not in the rollback of a file that"
        " revokes a right from PUBLIC.",
        effect="Every role that can connect has it, including later ones.",
        safer="Grant it to a group role, and make the accounts its members.",
        unknown="Whether PUBLIC had the right before: PostgreSQL itself grants it EXECUTE on new functions.",
        bad="GRANT SELECT ON app.orders TO PUBLIC;",
        good="GRANT SELECT ON app.orders TO reporting;",
        source='"Privileges"',
        kinds=("GRANT", "ALTER DEFAULT PRIVILEGES"),
        check=_to_public,
        in_rollback=True,
    ),
    Rule(
        id="definer-search-path",
        name="SECURITY DEFINER without SET search_path",
        condition="CREATE or ALTER of a function or procedure with SECURITY DEFINER and without SET search_path, or RESET of"
        " the search_path of one.",
        effect="Whoever may create objects in a schema of the caller's search_path can make the owner run them.",
        safer="Add SET search_path = pg_catalog, pg_temp, and name everything else with its schema.",
        unknown="Whether a later ALTER FUNCTION of the same file sets search_path. A function that DO creates with"
        " EXECUTE and format().",
        bad="CREATE FUNCTION app.count_orders() RETURNS bigint LANGUAGE sql SECURITY DEFINER\n"
        "AS 'SELECT count(*) FROM app.orders';",
        good="CREATE FUNCTION app.count_orders() RETURNS bigint LANGUAGE sql SECURITY DEFINER\n"
        "SET search_path = pg_catalog, pg_temp\nAS 'SELECT count(*) FROM app.orders';",
        source='CREATE FUNCTION, "Writing SECURITY DEFINER Functions Safely"',
        kinds=("CREATE FUNCTION", "CREATE PROCEDURE", "ALTER FUNCTION", "ALTER PROCEDURE", "ALTER ROUTINE"),
        check=_definer,
        in_rollback=True,
    ),
)
