"""Rules about files and pairs of files rather than single statements; lint itself finds what they name."""

from __future__ import annotations

from runner.review.lint.model import Level, Rule

REFUSED = Rule(
    id="refused",
    name="migrate would refuse the file",
    condition="What migrate checks before it runs a file: it can be cut into statements, holds no transaction control, no"
    " directive after the first statement, nothing that cannot run where it stands; depends leads in no circle.",
    effect="migrate exits with 2 before it changes anything.",
    safer="See the message.",
    unknown="What only the server can say: names, types, rights.",
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
    condition="A file holds comments at most; a rollback not even that, for one with a comment is meant to do nothing. Told"
    " once a database with the number of files, and for each file with --all.",
    effect="It is applied and recorded, and does nothing; as a rollback it leaves everything behind.",
    safer="Write it, or remove it.",
    unknown="Whether nothing is what is meant. A rollback that holds a comment says that it is, and is no"
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
    condition="A migration or a function's file without a rollback beside it and without -- irreversible: reason; told once a"
    " database with the number of files, and for each file with --all.",
    effect="Nobody can go back with runner rollback when the release fails.",
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
    " rollback does not create. Not where the rollback holds DO or CALL, which can do anything; runner verify proves it.",
    effect="After a rollback the schema is not what it was, and the next migrate fails: it already exists.",
    safer="Undo every statement, in the opposite order.",
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
    name="Two files of the same number",
    condition="Two migrations of one database whose names begin with the same number; with --base also one of this branch and"
    " one of the base.",
    effect="Their order is that of the rest of their names, which nobody chose; mostly two branches met.",
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
    effect="Where the base is deployed already, migrate refuses it as out of order.",
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
    condition="With --base: a migration is other than where the branch left the base, be it by a comment. Not its rollback, nor"
    " a function's file.",
    effect="Where the base is deployed it was applied already, and migrate refuses it; elsewhere another schema comes of it.",
    safer="Restore the file and put the change into a new one.",
    unknown="Whether the file was applied anywhere: migrate knows, from each database's history.",
    bad="=== edited: 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text, ADD COLUMN author text;",
    good="=== base: 0006_add_note.sql\nALTER TABLE app.orders ADD COLUMN note text;\n"
    "=== 0007_add_author.sql\nALTER TABLE app.orders ADD COLUMN author text;",
    source="",
)
ALLOW_REASON = Rule(
    id="allow-reason",
    name="A rule is set aside without a reason",
    condition="-- lint: allow RULE without -- reason behind it, or -- lint: with anything else.",
    effect="Nothing is set aside: the next reader could not tell why.",
    safer="-- lint: allow RULE -- why it does no harm here",
    unknown="Whether the reason is true.",
    bad="-- lint: allow truncate\n\nALTER TABLE app.orders ADD COLUMN note text;",
    good="-- lint: allow truncate -- drafts are made anew every night\n\nTRUNCATE app.drafts;",
    source="",
    in_rollback=True,
)
ALLOW_UNKNOWN = Rule(
    id="allow-unknown",
    name="A rule is set aside that does not exist",
    condition="-- lint: allow with a name that no rule has.",
    effect="Nothing is set aside.",
    safer="Use the id in brackets behind a finding.",
    unknown="Nothing: the rules are known.",
    bad="-- lint: allow truncation -- drafts are made anew every night\n\nALTER TABLE app.orders ADD COLUMN note text;",
    good="-- lint: allow truncate -- drafts are made anew every night\n\nTRUNCATE app.drafts;",
    source="",
    in_rollback=True,
)
ALLOW_UNUSED = Rule(
    id="allow-unused",
    name="A rule is set aside that finds nothing",
    level=Level.WARNING,
    condition="-- lint: allow with a rule that finds nothing in the file.",
    effect="It hides the next finding, to which its reason may not apply.",
    safer="Remove the line.",
    unknown="Whether the line is kept for a rule of squawk while squawk is not installed: then it is not told.",
    bad="-- lint: allow truncate -- drafts are made anew every night\n\nALTER TABLE app.orders ADD COLUMN note text;",
    good="-- lint: allow truncate -- drafts are made anew every night\n\nTRUNCATE app.drafts;",
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
