"""What is measured, a part at a time."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from scripts.bench import load, server
from scripts.bench.measure import BackendWatch, ProgramFailedError, Taken, run, side_by_side
from scripts.bench.relay import Relay
from scripts.bench.server import Place
from scripts.bench.stall import longest_stall
from scripts.bench.tools import ROOT, Command, Tool

_QUERIES = ROOT / "runner/engine/history/queries"
_ROW = (
    "INSERT INTO measured (id, name, amount) VALUES ({n}, 'a name that is neither long nor short', {n}.50);\n"
)

Job = Callable[[], Taken] | str  # what is to be measured, or why it cannot be
Results = Mapping[str, Taken | str]
Report = Callable[[str, Results, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the whole run shares."""

    folder: Path
    near: Place
    tools: Sequence[Tool]
    repeats: int
    report: Report

    def show(
        self, title: str, jobs: Mapping[str, Job], conclusion: Callable[[Results], str] = lambda _: ""
    ) -> None:
        """Run the jobs side by side and report them under one title."""
        measured = side_by_side({k: v for k, v in jobs.items() if not isinstance(v, str)}, self.repeats)
        results = {name: job if isinstance(job, str) else measured[name] for name, job in jobs.items()}
        self.report(title, results, conclusion(results))

    def named(self, name: str) -> Tool:
        """Return one tool."""
        return next(tool for tool in self.tools if tool.name == name)

    def files_of(self, tool: Tool, count: int) -> Path:
        """Return a folder with so many migrations in the tool's form."""
        folder = self.folder / f"{tool.name}-{count}"
        if not folder.exists():
            folder.mkdir()
            tool.write(folder, count)
        return folder


def lifecycle(bench: Bench, count: int, rtt_ms: float, wanted: Collection[str]) -> None:
    """Apply files to a fresh database, ask again with nothing to do, roll all of them back."""
    away = f", {rtt_ms:g} ms away" if rtt_ms else ""
    with distant(bench.near, rtt_ms) as far:
        trial = Trial(bench, count, far)
        if "apply" in wanted:
            bench.show(f"fresh apply of {count} files{away}", trial.jobs(trial.apply))
        if "nothing" in wanted:
            jobs = trial.jobs(trial.nothing)
            jobs["20 lines of psycopg"] = trial.asking
            bench.show(f"nothing to do, {count} applied{away}", jobs)
        if "rollback" in wanted:
            bench.show(f"roll back {count}{away}", trial.jobs(trial.rollback))


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of files and one way to the server, for each tool."""

    bench: Bench
    count: int
    far: Place

    def jobs(self, make: Callable[[Tool], Job]) -> dict[str, Job]:
        """Return what is to be run for each tool."""
        return {tool.name: make(tool) for tool in self.bench.tools}

    def apply(self, tool: Tool) -> Job:
        """Apply all files to a fresh database, made anew for each run."""
        if tool.program is None:
            return f"not installed: {tool.install}"

        def once() -> Taken:
            server.fresh(self.bench.near, tool.database)
            return self._run(tool, tool.apply(replace(self.far, database=tool.database)))

        return once

    def nothing(self, tool: Tool) -> Job:
        """Run the same again."""
        if tool.program is None:
            return f"not installed: {tool.install}"
        if not tool.keeps_history:
            return "keeps no history"
        self._prepare(tool)
        return lambda: self._run(tool, tool.apply(replace(self.far, database=tool.database)))

    def rollback(self, tool: Tool) -> Job:
        """Undo all files."""
        if tool.program is None:
            return f"not installed: {tool.install}"
        if tool.rollback is None:
            return "undoes one at a time only"
        command = tool.rollback(replace(self.far, database=tool.database), self.count)

        def once() -> Taken:
            self._prepare(tool)
            return self._run(tool, command)

        return once

    def asking(self) -> Taken:
        """Run the short script that asks what runner asks."""
        place = replace(self.far, database=self.bench.named("runner").database)
        script = Path(__file__).with_name("ask.py")
        command = Command(
            arguments=[sys.executable, str(script), str(_QUERIES)], environ={"DATABASE_URL": place.url}
        )
        return self._run(self.bench.named("runner"), command)

    def _prepare(self, tool: Tool) -> None:
        server.fresh(self.bench.near, tool.database)
        self._run(tool, tool.apply(replace(self.bench.near, database=tool.database)))

    def _run(self, tool: Tool, command: Command) -> Taken:
        return _run(command, self.bench.files_of(tool, self.count))


def _run(command: Command, folder: Path) -> Taken:
    return run(command.arguments, folder=folder, environ=command.environment())


@contextmanager
def distant(place: Place, rtt_ms: float) -> Iterator[Place]:
    """Move a server away, half of the round trip in each direction."""
    if not rtt_ms:
        yield place
        return
    relay = Relay(place.host, place.port, delay_s=rtt_ms / 2000)
    try:
        yield replace(place, host="127.0.0.1", port=relay.port)
    finally:
        relay.close()


def start_up(bench: Bench) -> None:
    """Say how to be used: what a person who types the command waits for at least."""
    jobs = {tool.name: _asked(bench, tool, "--help") for tool in bench.tools}
    jobs["runner --version"] = _asked(bench, bench.named("runner"), "--version")
    bench.show("start-up, --help", jobs)


def _asked(bench: Bench, tool: Tool, option: str) -> Job:
    if tool.program is None:
        return f"not installed: {tool.install}"
    command = Command(arguments=[str(tool.program), option])
    return lambda: _run(command, bench.folder)


def cpu_each(bench: Bench, count: int) -> None:
    """Say what a further migration costs in our own CPU: the run of many less the run of one, by their number."""
    tool = bench.named("runner")
    jobs = {f"{n} files": Trial(bench, n, bench.near).apply(tool) for n in (1, count)}
    bench.show("runner's own CPU", jobs, _slope)


def _slope(results: Results) -> str:
    one, many = results.items()
    if isinstance(one[1], str) or isinstance(many[1], str):
        return ""
    count = int(many[0].split()[0])
    return f"for each further migration {(many[1].cpu_s - one[1].cpu_s) * 1000 / (count - 1):.2f} ms"


def large_file(bench: Bench, size_mib: int) -> None:
    """Apply one file of one-row INSERTs, held against psql with one transaction around it."""
    folder = bench.folder / "large"
    (folder / "migrations").mkdir(parents=True)
    path = folder / "migrations/0001_large.sql"
    written = n = 0
    with path.open("w", encoding="ascii") as file:
        file.write("CREATE TABLE measured (id bigint PRIMARY KEY, name text NOT NULL, amount numeric);\n")
        while written < size_mib << 20:
            n += 1
            written += file.write(_ROW.format(n=n))
    jobs = {
        tool.name: f"not installed: {tool.install}"
        if tool.program is None
        else partial(_apply_large, bench, tool, path)
        for tool in (bench.named("psql"), bench.named("runner"))
    }
    bench.show(f"one file of {size_mib} MiB, {n} INSERTs, one transaction", jobs)


def _apply_large(bench: Bench, tool: Tool, path: Path) -> Taken:
    place = server.fresh(bench.near, tool.database)
    command = tool.apply(place)
    if tool.name == "psql":
        options = ["-qX1", "-v", "ON_ERROR_STOP=1", "-f", str(path), place.url]
        command = Command(arguments=["psql", *options])
    with BackendWatch(bench.near.url, place.database) as watch:
        taken = _run(command, path.parents[1])
    return replace(taken, backend_kib=watch.peak_kib)


def reading(bench: Bench, count: int) -> None:
    """Read many files: without a database, and held against an empty history."""
    jobs: dict[str, Job] = {}
    for name, word in (("runner", "lint"), ("runner", "status"), ("yoyo", "list")):
        tool = bench.named(name)
        place = server.fresh(bench.near, tool.database)
        given = tool.apply(place)
        arguments = [word if part in {"migrate", "apply"} else part for part in given.arguments]
        command = replace(given, arguments=arguments)
        jobs[f"{name} {word}"] = partial(_run, command, bench.files_of(tool, count))
    bench.show(f"reading {count} migrations with their rollbacks", jobs)


def stalls(bench: Bench, hold_s: float) -> None:
    """Alter a table that the application reads while a transaction idles on it; the figure is the longest query."""
    jobs: dict[str, Job] = {}
    for name in ("psql", "yoyo", "runner"):
        tool = bench.named(name)
        folder = bench.folder / f"stall-{name}"
        folder.mkdir()
        tool.write(folder, 1)
        (folder / "migrations/00000_t.sql").write_text("ALTER TABLE busy ADD COLUMN more int;\n")
        jobs[name] = partial(longest_stall, tool, bench.near, folder, hold_s)
    bench.show(f"longest stall of a query behind ALTER TABLE, an idle transaction for {hold_s:g} s", jobs)


def under_load(bench: Bench, rows: int, hold_s: float) -> None:
    """Apply drafts to tables that are written to; the figure is the writers' longest statement."""
    jobs: dict[str, Job] = {
        title: partial(_longest_wait, bench, title, rows, hold_s) for title in load.CHANGES
    }
    held = f", one transaction in turn open for {hold_s:g} s" if hold_s else ""
    bench.show(f"longest statement of a writer to {rows} rows while a draft is applied{held}", jobs)


def _longest_wait(bench: Bench, title: str, rows: int, hold_s: float) -> Taken:
    tool = bench.named("runner")
    place = server.fresh(bench.near, tool.database)
    migrate = tool.apply(place)
    change, *args = load.CHANGES[title]
    like = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", load.BASE + change]
    options = ["--like-command", shlex.join(like), "--scratch-url", bench.near.url]
    draft = replace(migrate, arguments=[str(tool.program), "draft", "change", *options, *args])
    with TemporaryDirectory(dir=bench.folder) as made:
        folder = Path(made)
        (folder / "migrations").mkdir()
        (folder / "migrations/0001_base.sql").write_text(load.BASE)
        _run(migrate, folder)
        with psycopg.connect(place.url, autocommit=True) as conn:
            conn.execute(load.ROWS.format(rows=rows).encode())
        _run(draft, folder)
        with load.writers(place.url, rows=rows, hold_s=hold_s) as written:
            taken = _run(replace(migrate, arguments=[*migrate.arguments, "--no-validate"]), folder)
    if written.failures:
        raise ProgramFailedError(
            f"{len(written.failures)} of {written.count} statements: {written.failures[0]}"
        )
    return replace(taken, wall_s=written.longest_s)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
