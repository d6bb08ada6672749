"""A password in a migration that fails is shown nowhere: not as text, JSON, log, in history or by verify."""

from __future__ import annotations

import pytest

SECRET = "hunter2"
FILES = {
    "after its keyword": f"ALTER ROLE nobody_here PASSWORD '{SECRET}' VALIDD UNTIL 'infinity';",
    "misspelt keyword": f"ALTER ROLE nobody_here PASSWRD '{SECRET}';",
    "on the next line": f"CREATE ROLE nobody_here\n    LOGIN\n    PASSWORD\n    '{SECRET}' NOSUCHWORD;",
    "in a connection string": f"CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 password={SECRET}' PUBLICATIONS p;",
    "in EXECUTE": f"DO $$ BEGIN EXECUTE 'ALTER ROLE nobody_here PASSWORD ''{SECRET}'' X'; END $$;",
    "in a raised text": f"DO $$ BEGIN RAISE EXCEPTION 'no: %', 'ALTER ROLE a PASSWORD ''{SECRET}'''; END $$;",
    "in a notice": f"DO $$ BEGIN RAISE NOTICE 'no: %', 'ALTER ROLE a PASSWORD ''{SECRET}'''; END $$; SELECT 1/0;",
}


@pytest.mark.parametrize("name", FILES)
def test_the_password_is_not_shown(project, name):
    project.write("0001_secret", FILES[name] + "\n", "SELECT 1;\n")
    shown = ""
    for arguments in (
        ["migrate"],
        ["migrate", "--json"],
        ["migrate", "--log-format", "json"],
        ["status"],
        ["status", "--history", "--json"],
        ["verify", "--scratch-url", project.url],
    ):
        done = project.run(*arguments)
        shown += done.out + done.err
    assert "0001_secret" in shown
    assert SECRET not in shown
