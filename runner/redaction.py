"""Hide passwords and keys in SQL and in server messages before they are shown."""

from __future__ import annotations

import re
from functools import cache

_WORD = r"(?:password|passwd|passphrase|\bpwd|secret|api_?key|access_?key|(?:access|auth|refresh)_?token)"
# password = 'x', password TO 'x', password = crypt('x', …)
_BETWEEN = r"(?:\s|--[^\n]*\n|/\*.{0,500}?\*/|=>|:=|[=:,(]|\bTO\b|(?<=[=,\s])[a-z_][\w.]{0,62}(?=\())+"
_LITERAL = (
    r"(?:\$(?P<tag>[^\W\d]\w*|)\$(?P<dollar>.*?)(?:\$(?P=tag)\$|\Z)"
    r"|''(?P<twice>[^']+)(?:''|\Z)"  # in the text of a function, or of EXECUTE
    r"|[eE]'(?P<escaped>(?:[^'\\\n]|\\.|'')*)(?:'|(?=\n)|\Z)"
    r"|(?:[nN]|[uU]&)?'(?P<plain>(?:[^'\n]|'')*)(?:'|(?=\n)|\Z))"
)
# CREATE ROLE … PASSWORD 'x', OPTIONS (password 'x'), set_config('app.password', 'x'), password => 'x'
# a quote right after the word ends a literal, so a new literal needs a comma or the like before it
_AFTER_THE_WORD = rf"(?is){_WORD}[\"']{{0,2}}{_BETWEEN}{_LITERAL}"
# host=h password=x, in a literal or not; 'password=''x y''' too
_IN_CONNINFO = (
    rf"(?i){_WORD}\s*=\s*(?:\\?'{{1,2}}(?P<quoted>[^'\\]+)|(?P<bare>[^\s'\"\\=>,;()]+)(?![^\s'\"\\=>,;)]))"
)
# COPY users, line 1, column password: "x", in the server's language
_IN_CONTEXT = rf"(?i)\w{{0,63}}{_WORD}\w{{0,63}}: \"(?P<value>[^\n]*)\""
_ADJACENT = rf"(?i){_WORD}'(?P<adjacent>[^'\n;]+)'"
_IN_JSON = rf"(?i)\"\w{{0,63}}{_WORD}\"\s*:\s*\"(?P<json>(?:[^\"\\]|\\.)*)"
_IN_URL = r"(?i)\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@'\"]{0,300}:(?P<url>[^\s'\"]{1,500})@"
# In such a statement the keyword before a password may be misspelled, and that error is why it is shown.
_TELLING = (
    r"(?im)(?:^|[;'\"$]|\*/|\b(?:BEGIN|THEN|ELSE|LOOP)\b)\s*(?:CREATE|ALTER)\s+(?:ROLE|USER|GROUP|SUBSCRIPTION)\b"
    r"(?:[^;'$]|'(?:[^'\n]|'')*(?:'|(?=\n)|\Z)|\$(?:[^\W\d]\w*|)\$|\$)*"
)
_HINTS = re.compile(
    r"passw|passphrase|pwd|secret|key|token|://|\b(?:role|user|group|subscription)\b", re.IGNORECASE
)


@cache
def _compiled() -> tuple[list[re.Pattern[str]], re.Pattern[str], re.Pattern[str]]:
    """Return the patterns; compiling them takes 3 ms, which a start that shows no SQL is spared."""
    simple = (_AFTER_THE_WORD, _IN_CONTEXT, _ADJACENT, _IN_CONNINFO, _IN_JSON, _IN_URL)
    return [*map(re.compile, simple)], re.compile(_TELLING), re.compile(rf"(?is){_LITERAL}")


def redacted(text: str) -> str:
    """Return the text with a `*` for each character of a password, so that columns do not move.

    Hidden are literals after the word PASSWORD, or one of the like (`secret`, `api_key`, …), in whatever quotes;
    `password=` in a connection string; a URL's password; and every literal in CREATE and ALTER of a role, user, user
    mapping or subscription. Other literals are kept, as errors refer to them.
    """
    if not _HINTS.search(text):
        return text
    simple, telling, literal = _compiled()
    for pattern in simple:
        text = pattern.sub(_hidden, text)
    return telling.sub(lambda match: literal.sub(_hidden, match[0]), text)


def _hidden(match: re.Match[str]) -> str:
    found = match[0]
    for name, value in match.groupdict().items():
        if value and name != "tag":
            start = match.start(name) - match.start()
            found = found[:start] + re.sub(r"[^\n]", "*", value) + found[start + len(value) :]
    return found
