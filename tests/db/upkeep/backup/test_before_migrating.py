"""`migrate --backup`: no backup, no migration."""

from __future__ import annotations


def pending(project):
    project.write("0002_more", "CREATE TABLE more (id int);\n", "DROP TABLE more;\n")


def test_a_backup_is_taken_before_anything_is_run(project, restored, tmp_path):
    pending(project)
    done = project.ok("migrate", "--backup", "--backup-to", str(tmp_path / "kept"), "--json")
    (result,) = done.data["databases"]
    assert result["steps"][0]["id"] == "0002_more"
    project.ok("restore", result["backup"], "--into", restored.parameters["dbname"])
    assert restored.tables() == {"notes"}
    assert project.tables() == {"notes", "more"}


def test_it_says_where_the_backup_is(project, tmp_path):
    pending(project)
    done = project.ok("migrate", RUNNER_BACKUP="true", RUNNER_BACKUP_TO=str(tmp_path / "kept"))
    (archive,) = (tmp_path / "kept").glob("*.dump")
    assert done.out.index(str(archive)) < done.out.index("0002_more")


def test_nothing_pending_takes_no_backup(project, tmp_path):
    project.ok("migrate", "--backup", "--backup-to", str(tmp_path / "kept"))
    assert not (tmp_path / "kept").exists()


def test_a_dry_run_takes_no_backup(project, tmp_path):
    pending(project)
    project.ok("migrate", "--backup", "--backup-to", str(tmp_path / "kept"), "--dry-run")
    assert not (tmp_path / "kept").exists()


def test_nothing_is_run_when_the_backup_fails(project, tmp_path):
    pending(project)
    (tmp_path / "kept").write_text("a file")
    done = project.run("migrate", "--backup", "--backup-to", str(tmp_path / "kept"))
    assert done.code == 2
    assert "No migration was run, because there is no backup." in done.err
    assert project.applied() == ["0001_notes"]


def test_a_place_is_demanded(project):
    pending(project)
    done = project.run("migrate", "--backup")
    assert done.code == 2
    assert "--backup needs a place" in done.err
    assert project.applied() == ["0001_notes"]
