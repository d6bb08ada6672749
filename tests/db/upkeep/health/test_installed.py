"""A wheel holds the health queries, for projects that have none of their own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_a_wheel_holds_every_query_of_the_program(tmp_path):
    for name in ("runner", "sql"):
        ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, tmp_path / "source" / name, symlinks=True, ignore=ignore)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, tmp_path / "source")
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(tmp_path / "source")]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        commands = archive.read(entry_points).decode()
        held = {name.rpartition("/")[2] for name in names if name.startswith("runner/upkeep/health/queries/")}
    assert held == {path.name for path in (ROOT / "sql/health").glob("*.sql")}
    # PyPI's "runner" is somebody else's; the command and the module keep the name
    assert wheel.name.startswith("pgrunner-")
    assert "runner = runner.__main__:main" in commands
    assert any(name.endswith("/LICENSE") for name in names)


def test_no_hint_leads_to_a_strangers_package():
    files = [*(ROOT / "runner").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    for path in files:
        advised = re.findall(r"pip install ['\"]?([\w.-]+)", path.read_text("utf-8"))
        assert "runner" not in advised, path
