"""Files of another tool are recognized by their marks and names, and refused before anything is planned."""

from __future__ import annotations

import pytest

from runner import settings
from runner.files.migrations.layout import find_layouts
from runner.files.migrations.load import load
from runner.files.migrations.other_tools import ForeignFileError, refuse_foreign

UP = "CREATE TABLE IF NOT EXISTS users (id int);\n"
DOWN = "DROP TABLE IF EXISTS users;\n"


def refused(root, files, *, applied=(), **flags):
    """Return the message of the refusal, or None."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    chosen = settings.load(environ={}, project=root, flags=flags)
    try:
        for layout in find_layouts(chosen):
            refuse_foreign(load(layout, root), applied)
    except ForeignFileError as error:
        found = error
    else:
        return None
    assert found.exit_code == 2
    assert "Nothing was run." in found.detail
    assert "runner baseline" in found.hint
    return f"{found.message} at {found.where}"


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("goose", f"-- +goose Up\n{UP}-- +goose Down\n{DOWN}"),
        ("goose", f"--+goose up\n-- +goose StatementBegin\n{UP}-- +goose StatementEnd\n"),
        ("goose", f"-- +goose NO TRANSACTION\n{UP}"),
        ("goose", f"-- why\r\n  -- +goose Up  \r\n{UP}"),
        ("sql-migrate", f"-- +migrate Up\n{UP}-- +migrate Down\n{DOWN}"),
        ("sql-migrate", f"-- +migrate Up notransaction\n{UP}"),
        ("micrate", f"-- +micrate Up\n{UP}-- +micrate Down\n{DOWN}"),
        ("dbmate", f"-- migrate:up\n{UP}-- migrate:down\n{DOWN}"),
        ("dbmate", f"-- migrate:up transaction:false\n{UP}"),
        ("node-pg-migrate", f"-- Up Migration\n{UP}-- Down Migration\n{DOWN}"),
        ("node-pg-migrate", f"---- up migration ----\n{UP}"),
        ("tern", f"{UP}---- create above / drop below ----\n{DOWN}"),
        ("Liquibase", f"--liquibase formatted sql\n--changeset bob:1\n{UP}--rollback DROP TABLE users;\n"),
        ("Play evolutions", f"-- !Ups\n{UP}-- !Downs\n{DOWN}"),
        ("MyBatis Migrations", f"-- // users\n{UP}-- //@UNDO\n{DOWN}"),
        ("rambler", f"-- rambler up\n{UP}-- rambler down\n{DOWN}"),
        ("shmig", f"-- ==== UP ====\n{UP}-- ==== DOWN ====\n{DOWN}"),
        ("Atlas", f"-- atlas:txmode none\n\n{UP}"),
        ("graphile-migrate", f"--! Previous: -\n--! Hash: sha1:2b5c\n\n{UP}"),
        ("sqitch", f"-- Deploy flipr:users to pg\n\n{UP}"),
        ("a tool with up and down sections", f"-- Up\n{UP}\n-- Down\n{DOWN}"),
        ("a tool with up and down sections", f"-- 1 up\n{UP}\n-- 1 down\n{DOWN}"),  # Mojo::Pg
        ("a tool with up and down sections", f"-- Forward\n{UP}\n-- Reverse\n{DOWN}"),
        ("a tool with up and down sections", f"--- UPGRADE ---\n{UP}\n--- DOWNGRADE ---\n{DOWN}"),
        (
            "node-pg-migrate",
            f"-- Up Migration: create the users table\n{UP}-- Down Migration: drop it again\n{DOWN}",
        ),
        ("dbmate", f"-- migrate:up creates the table\n{UP}-- migrate:down drops it\n{DOWN}"),
        ("sql-migrate", f"-- +migrate Up foo\n{UP}-- +migrate Down foo\n{DOWN}"),
        ("MyBatis Migrations", f"{UP}-- //@UNDO drop it\n{DOWN}"),
        ("MyBatis Migrations", f"-- // users\n{UP}-- @UNDO\n{DOWN}"),
        ("MyBatis Migrations", f"{UP}--@undo\n{DOWN}"),
        ("goose", f"--\u00a0+goose Up\n{UP}--\u200b+goose Down\n{DOWN}"),
    ],
)
def test_a_mark_of_another_tool_is_refused(tmp_path, tool, text):
    assert (refused(tmp_path, {"migrations/0001_users.sql": text}) or "").startswith(
        f"this is a file of {tool} at migrations/0001_users.sql:"
    )


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("-- ### UP ###", "-- ### DOWN ###"),
        ("-- *** UP ***", "-- *** DOWN ***"),
        ("-- migrate up", "-- migrate down"),
        ("-- +migration Up", "-- +migration Down"),
        ("-- [up]", "-- [down]"),
        ("/* up */", "/* down */"),
        ("/*\n * UP\n */", "/*\n * DOWN\n */"),
        ("/* ---- Up ---- */  ", "/****** Down ******/"),
        ("-- Do", "-- Undo"),
        ("-- Apply:", "-- Rollback:"),
        ("-- >>> apply", "-- <<< revert"),
        ("-- forward migration", "-- reverse migration"),
        ("-- Migration", "-- Roll back"),
        ("-- 0007_up", "-- 0007_down"),
        ("-- SECTION: UP", "-- SECTION: DOWN"),
        ("-- == begin up ==", "-- == begin down =="),
        ("-- deploy", "-- revert"),
        ("-- \u2b06 up", "-- \u2b07 down"),
        ("-- !up", "-- !down"),
        ("-- up statements below", "-- down statements below"),
        ("--\u00a0\u200bUP", "--\u3000DOWN\ufeff"),
        ("/*\t\r\n\tUP\r\n*/", "/* do\u00adwn */"),
        ("#-- up".lstrip("#"), "  -- down"),
        ("-- " + "=" * 70 + " UP", "-- " + "=" * 70 + " DOWN"),
    ],
)
def test_home_made_sections_are_refused_where_both_are_there(tmp_path, up, down):
    (tmp_path / "both").mkdir()
    text = f"-- Why.\n{up}\n{UP}\n{down}\n{DOWN}"
    assert "a file of a tool with up and down sections at migrations/0001_users.sql:" in (
        refused(tmp_path / "both", {"migrations/0001_users.sql": text}) or ""
    )
    for heading in (up, down):
        root = tmp_path / f"alone {up == heading}"
        root.mkdir()
        assert refused(root, {"migrations/0001_users.sql": f"{heading}\n{UP}\n{heading}\n{UP}"}) is None


def test_a_refusal_quotes_the_comment_and_has_whole_sentences(tmp_path):
    path = tmp_path / "migrations/0001_users.sql"
    path.parent.mkdir()
    for mark, shown in {
        "---- create above / drop below ----": "---- create above / drop below ----",
        "--  atlas:txmode none": "-- atlas:txmode none",
        "--+goose Up": "--+goose Up",
        "/* up */\nSELECT 1;\n/*\n * down\n */": "/* * down */",
    }.items():
        path.write_text(f"{mark}\n{UP}", "utf-8")
        (layout,) = find_layouts(settings.load(environ={}, project=tmp_path, flags={}))
        with pytest.raises(ForeignFileError) as found:
            refuse_foreign(load(layout, tmp_path))
        assert found.value.detail == (
            f"runner would ignore the comment {shown} and run the whole file. Nothing was run."
        )


@pytest.mark.parametrize(
    "text",
    [
        f"-- Moved from goose: what was below +goose Down is in the rollback.\n{UP}",
        f"-- +goose Up and the rest were removed by hand\n{UP}",
        f"-- The up migration of users; its down migration is in the rollback.\n{UP}",
        f"{UP}SELECT 1; -- +goose Down\n",
        f"/*\n-- +goose Down\n*/\n{UP}",
        f"{UP}COMMENT ON TABLE users IS '\n-- +goose Down\n';\n",
        f"DO $$\nBEGIN\n-- +migrate Down\nEND $$;\n{UP}",
        f"-- Up\n{UP}",
        f"-- deploy this on Monday\n{UP}",
        f"-- 2 up to 3 rows each\n{UP}-- reverse order matters here\n{UP}",
        f"-- =====\n-- users\n-- =====\n{UP}",
        f"-- going up\n{UP}-- going down\n{UP}",
        f"-- Undo 0007_x.\n{DOWN}-- Do\n{UP}",
        f"-- up to here: users\n{UP}-- down the road: orders\n{UP}",
        f"-- Apply the discount.\n{UP}-- Back to the old price.\n{UP}",
        f"/* up and down are the directions */\n{UP}/* down is rare */\n{UP}",
        f"SELECT '-- up';\n-- down\n{UP}",
        f"-- users: up\n{UP}-- orders: down\n{UP}",
    ],
)
def test_prose_that_mentions_a_mark_passes(tmp_path, text):
    assert refused(tmp_path, {"migrations/0001_users.sql": text}) is None


@pytest.mark.slow
def test_a_mark_far_down_in_a_large_file_is_found(tmp_path):
    rows = "INSERT INTO users VALUES (1);\n" * 60_000
    text = f"{UP}{rows}---- create above / drop below ----\n{DOWN}"
    assert refused(tmp_path, {"migrations/0001_users.sql": text}) == (
        "this is a file of tern at migrations/0001_users.sql:60002:1"
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["0001_u.up.sql", "0001_u.down.sql"], "named as a file of golang-migrate or sqlx"),
        (["20240101_u.up.sql"], "named as a file of golang-migrate or sqlx"),
        (["001_a.sql", "U001_a.sql"], "U001_a.sql"),
        (["V1__u.sql", "U1__u.sql"], "named as a file of Flyway"),
        (["V1__u.sql", "R__views.sql"], "named as a file of Flyway"),
        (["V2__u.sql", "V10__v.sql"], "named as a file of Flyway"),
        (["B3__all.sql", "V4__u.sql"], "named as a file of Flyway"),
        (["001.do.users.sql", "001.undo.users.sql"], "named as a file of postgrator"),
        (["0001_users_down.sql", "0001_users_up.sql"], "named as the undo of 0001_users_up.sql"),
        (["0001-users-down.sql", "0001-users-up.sql"], "named as the undo of 0001-users-up.sql"),
        (
            ["0001_users_downgrade.sql", "0001_users_upgrade.sql"],
            "named as the undo of 0001_users_upgrade.sql",
        ),
        (["0001_users_forward.sql", "0001_users_reverse.sql"], "named as the undo of 0001_users_forward.sql"),
        (["0001_users.sql", "0001_users_rollback.sql"], "named as the undo of 0001_users.sql"),
        (["0001_users.sql", "0001_users.undo.sql"], "named as the undo of 0001_users.sql"),
        (["down_0001_users.sql", "up_0001_users.sql"], "named as the undo of up_0001_users.sql"),
        (["0001_users_deploy.sql", "0001_users_revert.sql"], "named as the undo of 0001_users_deploy.sql"),
        (["up.sql", "down.sql"], "migrations is a folder of diesel"),
        (["0001_users/up.sql", "0001_users/down.sql"], "migrations is a folder of diesel or Hasura"),
        (["default/17_users/up.sql", "default/17_users/down.sql"], "default is a folder of diesel or Hasura"),
        (["20240101_users/migration.sql", "migration_lock.toml"], "migrations is a folder of Prisma"),
        (["deploy/users.sql", "revert/users.sql", "verify/users.sql"], "migrations is a folder of sqitch"),
        (["0000_users.sql", "meta/_journal.json"], "migrations is a folder of Drizzle"),
        (["committed/000001.sql", "current.sql"], "migrations is a folder of graphile-migrate"),
        (
            ["1-users.js", "sqls/1-users-up.sql", "sqls/1-users-down.sql"],
            "migrations is a folder of db-migrate",
        ),
    ],
)
def test_names_of_another_tool_are_refused(tmp_path, names, message):
    assert message in (refused(tmp_path, {f"migrations/{name}": UP for name in names}) or "")


@pytest.mark.parametrize(
    "names",
    [
        ["up/0001_users.sql", "down/0001_users.sql"],
        ["0001_set_up.sql", "0002_shut_down.sql"],
        ["0001_clean_up.sql"],
        ["0003_add_rollback.sql"],
        ["V1__users.sql", "V2__orders.sql"],
        ["0001_users.sql", "0001_users.rollback.sql"],
        ["shop/0001_users.sql", "api/0001_users.sql"],
    ],
)
def test_names_that_only_look_so_pass(tmp_path, names):
    assert refused(tmp_path, {f"migrations/{name}": UP for name in names}) is None


def test_a_project_of_another_tool_without_our_folder_is_named(tmp_path):
    assert "sqitch" in (refused(tmp_path, {"sqitch.plan": "", "deploy/users.sql": UP}) or "")


def test_a_folder_of_supabase_that_is_named_is_refused(tmp_path):
    files = {"supabase/config.toml": "", "supabase/migrations/20240101_users.sql": UP}
    given = (tmp_path / "supabase/migrations",)
    assert "a folder of Supabase" in (refused(tmp_path, files, migrations_dirs=given) or "")


def test_an_applied_file_is_let_be(tmp_path):
    files = {"migrations/0001_users.sql": f"-- +goose Up\n{UP}", "migrations/0002_x.sql": UP}
    assert refused(tmp_path, files, applied=["0001_users"]) is None


def test_the_rollback_is_looked_at_too(tmp_path):
    files = {"migrations/0001_users.sql": UP, "migrations/0001_users.rollback.sql": f"-- +goose Down\n{DOWN}"}
    assert "0001_users.rollback.sql:1:1" in (refused(tmp_path, files) or "")
