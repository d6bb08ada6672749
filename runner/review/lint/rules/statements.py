"""Rules about an application's statements, which only `runner verify` can hold: it plans them before and after each file."""

from __future__ import annotations

from runner.review.lint.rule import Level, Rule

_ORDERS = "=== 0006_orders.sql\nCREATE TABLE app.orders (id bigint PRIMARY KEY, note text, code text);\n"
_NAMED = "=== sql/statements/shop.sql\n-- name: {}\n{};\n"
_GET_NOTE = _NAMED.format("get_note :one", "SELECT id, note FROM app.orders WHERE id = :id")
_BY_CODE = _NAMED.format("by_code :many", "SELECT id FROM app.orders WHERE code = :code")
_ADD = _NAMED.format("add_order :exec", "INSERT INTO app.orders (id, note) VALUES (:id, :note)")
_UNKNOWN = "Statements that are not in the file, and what a statement does when it runs: rows that a constraint refuses, code in"

BREAKS_STATEMENT = Rule(
    id="breaks-statement",
    name="A statement of the running release fails",
    condition="A statement that could be planned before the file cannot be planned after it: a column, table or function is gone or"
    " has another name, a right is revoked, ON CONFLICT finds no unique index. Or an INSERT names no value for a column that"
    " may not be NULL and has no default. Or the same after a rollback, for the statements of --statements-new.",
    effect="Between the migration and the end of the release every call of it is an error.",
    safer="Add first and remove later: release code that no longer needs it, then drop it. Where the break is meant, allow the"
    " rule with a reason that names the statement.",
    unknown=f"{_UNKNOWN} functions and triggers, rights on a sequence, a domain that is NOT NULL, MERGE.",
    bad=f"{_GET_NOTE}{_ORDERS}=== 0007_drop_note.sql\nALTER TABLE app.orders DROP COLUMN note;",
    good=f"{_GET_NOTE}{_ORDERS}=== 0007_drop_code.sql\nALTER TABLE app.orders DROP COLUMN code;",
    source="Dependency Tracking",
)
CHANGES_RESULT = Rule(
    id="changes-result",
    name="A statement of the running release returns other columns or types",
    condition="After the file a statement returns a column less, more, of another type or in another place.",
    effect="Code that reads its result by place, or into a variable of the old type, fails or reads something else; a prepared"
    ' statement fails with "cached plan must not change result type".',
    safer="Name the columns instead of *. Add a column of the new type beside the old one, and release code that reads it.",
    unknown="How the application reads the result. The type of a parameter, and the attributes of a composite type.",
    bad=f"{_GET_NOTE}{_ORDERS}=== 0007_wide_id.sql\nALTER TABLE app.orders ALTER COLUMN id TYPE numeric;",
    good=f"{_GET_NOTE}{_ORDERS}=== 0007_short_code.sql\nALTER TABLE app.orders ALTER COLUMN code TYPE varchar(20);",
    source="PREPARE",
)
LOSES_INDEX = Rule(
    id="loses-index",
    name="No index serves a statement of the running release any more",
    level=Level.WARNING,
    condition="Before the file a plan finds the rows of a table by a condition on an index; after it no plan does, though scans of"
    " whole tables are avoided.",
    effect="Each call of it reads the whole table.",
    safer="Build the new index first, concurrently, and drop the old one in a later file.",
    unknown="Whether production's planner used that index, and whether the table is small.",
    bad=f"{_BY_CODE}{_ORDERS}CREATE INDEX orders_code_idx ON app.orders (code);\n"
    "=== 0007_drop_index.sql\nDROP INDEX app.orders_code_idx;",
    good=f"{_BY_CODE}{_ORDERS}CREATE INDEX orders_code_idx ON app.orders (code);\n"
    "=== 0007_index.sql\nCREATE INDEX orders_code_note_idx ON app.orders (code, note);\nDROP INDEX app.orders_code_idx;",
    source="Using EXPLAIN",
)
NEW_POLICY = Rule(
    id="new-policy",
    name="A policy applies to a statement of the running release",
    condition="After the file row level security is active for the role that the statements are planned as (--as ROLE), or a policy"
    " more applies to the statement.",
    effect="It finds fewer rows, or its row is refused, without an error in its text.",
    safer="Create the policies in one file, release code that sets what they read, then enable row level security.",
    unknown="Which rows the policy hides, what ALTER POLICY changes, whether a policy that is gone let rows through; that a view reads"
    " with its owner's rights. Without --as ROLE the statements are planned as the role that migrates, which owns the"
    " tables and is exempt.",
    bad=f"{_GET_NOTE}{_ORDERS}=== 0007_policy.sql\nALTER TABLE app.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    good=f"{_GET_NOTE}{_ORDERS}=== 0007_policy.sql\nCREATE POLICY own ON app.orders USING (note = current_user);",
    source="Row Security Policies",
)
NEW_TRIGGER = Rule(
    id="new-trigger",
    name="A trigger fires for a statement of the running release",
    level=Level.WARNING,
    condition="After the file a trigger fires for an INSERT, UPDATE or DELETE that did not fire before.",
    effect="The running release does what the trigger does, and fails where the trigger fails.",
    safer="See that the trigger does no harm to the release that runs; then allow the rule with that reason.",
    unknown="What the trigger does.",
    bad=f"{_ADD}{_ORDERS}CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
    "=== 0007_touch.sql\nCREATE TRIGGER touch BEFORE INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touch();",
    good=f"{_ADD}{_ORDERS}CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';\n"
    "=== 0007_touch.sql\nCREATE TRIGGER touch BEFORE DELETE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touch();",
    source="Overview of Trigger Behavior",
)

RULES = (BREAKS_STATEMENT, CHANGES_RESULT, LOSES_INDEX, NEW_POLICY, NEW_TRIGGER)
