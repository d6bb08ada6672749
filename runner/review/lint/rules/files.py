"""Rules about files and pairs of files, not single statements; lint itself checks them."""

from __future__ import annotations

from runner.review.lint.rule import Level, Rule

REFUSED = Rule(
    id="refused",
    name="migrate would refuse the file",
    condition="One of the checks that migrate makes before it runs a file: it can be split into statements, has no"
    " transaction control, no directive after the first statement, nothing that cannot run there; no circular depends.",
    effect="migrate exits with 2 before it changes anything.",
    safer="See the message.",
    unknown="What only the server knows: names, types, rights.",
    bad="BEGIN;\n\nALTER TABLE app.orders ADD COLUMN note text;\n\nROLLBACK;",
    good="ALTER TABLE app.orders ADD COLUMN note text;",
    source='"Lexical Structure"',
    squawk=(
        "transaction-nesting",
        "ban-uncommitted-transaction",
        "ban-concurrent-index-creation-in-transaction",
    ),
    in_rollback=True,
)
EMPTY = Rule(
    id="empty",
    name="A file without a statement",
    condition="A file has at most comments; a rollback not even that, as one with a comment is meant to do nothing."
    " Reported once per database with the number of files, and for each file with --all.",
    effect="It is applied and recorded, and does nothing; a rollback without statements undoes nothing.",
    safer="Write the statements, or remove the file.",
    unknown="Whether it is meant to do nothing. A rollback with a comment is taken to mean that, and is no"
    " finding.",
    bad="-- to be written",
    good="ALTER TABLE app.orders ADD COLUMN note text;",
    source='"Lexical Structure"',
    folds=True,
    in_rollback=True,
)
ROLLBACK_MISSING = Rule(
    id="rollback-missing",
    name="No rollback",
    condition="A migration or a function's file without a rollback beside it and without -- irreversible: reason; reported"
    " once per database with the number of files, and for each file with --all.",
    effect="If the release fails, runner rollback cannot undo it.",
    safer="Write NAME.rollback.sql; or, if there is no way back, -- irreversible: reason in the file.",
    unknown="Whether there is a way back.",
    bad="=== 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;",
    good="=== 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
    "=== 0006_add_note.rollback.sql\nALTER TABLE app.orders DROP COLUMN note;",
    source="DDL is transactional, see BEGIN",
    folds=True,
)
ROLLBACK_NOT_MIRRORING = Rule(
    id="rollback-not-mirroring",
    name="The rollback leaves something behind",
    condition="The file creates a named object, column or constraint that its rollback does not drop; or drops one that its"
    " rollback does not create. Not if the rollback has DO or CALL, which can do anything; runner verify checks those.",
    effect="A rollback does not restore the schema, and the next migrate fails because the object already exists.",
    safer="Undo every statement, in reverse order.",
    unknown="What DO, CALL, SELECT, CASCADE and renames do: a file or rollback with one of them is not compared."
    " Rows, rights, comments and settings are not compared either. runner verify runs both.",
    bad="=== 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text, ADD COLUMN author text;\n"
    "=== 0006_add_note.rollback.sql\nALTER TABLE app.orders DROP COLUMN note;",
    good="=== 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text, ADD COLUMN author text;\n"
    "=== 0006_add_note.rollback.sql\nALTER TABLE app.orders DROP COLUMN author, DROP COLUMN note;",
    source="the commands CREATE, ALTER and DROP",
)
TWIN_NUMBER = Rule(
    id="twin-number",
    name="Two files with the same number",
    condition="Two migrations of one database whose names begin with the same number; with --base also one of this branch and"
    " one of the base.",
    effect="Their order is by the rest of their names, which nobody chose. Usually two branches were merged.",
    safer="Give the newer one the next number.",
    unknown="Branches that this clone has not fetched.",
    bad="=== 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
    "=== 0006_add_sku.sql\nALTER TABLE app.orders ADD COLUMN sku text;",
    good="=== 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
    "=== 0007_add_sku.sql\nALTER TABLE app.orders ADD COLUMN sku text;",
    source="",
)
BELOW_BASE = Rule(
    id="below-base",
    name="A new file below the newest of the base",
    condition="With --base: a migration that the base does not have and that comes before its newest.",
    effect="If the base is deployed already, migrate refuses the file as out of order.",
    safer="Give it a number above the newest: git mv both files.",
    unknown="Whether the base is deployed, and branches that this clone has not fetched.",
    bad="=== base: 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
    "=== 0005_add_sku.sql\nALTER TABLE app.orders ADD COLUMN sku text;",
    good="=== base: 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
    "=== 0007_add_sku.sql\nALTER TABLE app.orders ADD COLUMN sku text;",
    source="",
)
EDITED = Rule(
    id="edited",
    name="A file that the base has was edited",
    condition="With --base: a migration has changed since the branch left the base, if only in a comment. Not its rollback,"
    " nor a function's file.",
    effect="If the base is deployed, the file was applied already, and migrate refuses it; elsewhere it gives another schema.",
    safer="Restore the file and put the change into a new one.",
    unknown="Whether the file was applied anywhere: only each database's history shows that.",
    bad="=== edited: 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text, ADD COLUMN author text;",
    good="=== base: 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
    "=== 0007_add_author.sql\nALTER TABLE app.orders ADD COLUMN author text;",
    source="",
)
ALLOW_REASON = Rule(
    id="allow-reason",
    name="A rule is set aside without a reason",
    condition="-- lint: allow RULE without -- reason after it, or -- lint: with anything else.",
    effect="Nothing is set aside: the next reader would not know why.",
    safer="-- lint: allow RULE -- why it does no harm here",
    unknown="Whether the reason is true.",
    bad="-- lint: allow truncate\n\nALTER TABLE app.orders ADD COLUMN note text;",
    good="-- lint: allow truncate -- drafts are recreated every night\n\nTRUNCATE app.drafts;",
    source="",
    in_rollback=True,
)
ALLOW_UNKNOWN = Rule(
    id="allow-unknown",
    name="A rule is set aside that does not exist",
    condition="-- lint: allow with a name that is no rule.",
    effect="Nothing is set aside.",
    safer="Use the id in brackets after a finding.",
    unknown="Nothing: the rules are known.",
    bad="-- lint: allow truncation -- drafts are recreated every night\n\nALTER TABLE app.orders ADD COLUMN note text;",
    good="-- lint: allow truncate -- drafts are recreated every night\n\nTRUNCATE app.drafts;",
    source="",
    in_rollback=True,
)
ALLOW_UNUSED = Rule(
    id="allow-unused",
    name="A rule is set aside that finds nothing",
    level=Level.WARNING,
    condition="-- lint: allow with a rule that finds nothing in the file.",
    effect="It would hide a later finding, to which its reason may not apply.",
    safer="Remove the line.",
    unknown="Whether the line is for a rule of squawk: if squawk is not installed, it is not reported.",
    bad="-- lint: allow truncate -- drafts are recreated every night\n\nALTER TABLE app.orders ADD COLUMN note text;",
    good="-- lint: allow truncate -- drafts are recreated every night\n\nTRUNCATE app.drafts;",
    source="",
    in_rollback=True,
)

RULES = (
    REFUSED,
    EMPTY,
    ROLLBACK_MISSING,
    ROLLBACK_NOT_MIRRORING,
    TWIN_NUMBER,
    BELOW_BASE,
    EDITED,
    ALLOW_REASON,
    ALLOW_UNKNOWN,
    ALLOW_UNUSED,
)
