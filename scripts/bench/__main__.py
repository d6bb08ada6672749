"""The command line of the bench: `make bench ARGS="--only apply --files 100"`."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from scripts.bench import parts, server
from scripts.bench.measure import Taken
from scripts.bench.tools import Tool, all_tools

_PARTS = ("startup", "apply", "nothing", "rollback", "cpu", "large", "reading", "stall", "load")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=_PARTS, default=_PARTS, metavar="PART", help=", ".join(_PARTS)
    )
    parser.add_argument(
        "--files", nargs="+", type=int, default=[100, 1000], metavar="N", help="migrations to apply"
    )
    parser.add_argument(
        "--rtt",
        nargs="+",
        type=float,
        default=[0, 5],
        metavar="MS",
        help="round-trip times; 0 is this machine",
    )
    parser.add_argument("--tools", nargs="+", metavar="TOOL", help="these beside runner and psql")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="odd; the median is shown")
    parser.add_argument("--large-mib", type=int, default=100, metavar="MIB")
    parser.add_argument("--reading", type=int, default=10_000, metavar="N")
    parser.add_argument(
        "--hold", type=float, default=15.0, metavar="S", help="for stall: of the idle transaction"
    )
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="for load: of the table")
    parser.add_argument(
        "--pause", type=float, default=0.0, metavar="S", help="for load: within one writer's transactions"
    )
    parser.add_argument(
        "--durable",
        action="store_true",
        help="a server that waits for the disk at each commit, as real ones do",
    )
    given = parser.parse_args()
    if given.repeats % 2 == 0:
        parser.error("--repeats must be odd")
    return given


def main() -> None:
    """Measure the parts that were asked for, and print each as it is done."""
    given = _arguments()
    tools = [t for t in all_tools() if given.tools is None or t.name in {"psql", "runner", *given.tools}]
    with server.running(durable=given.durable) as near, TemporaryDirectory() as made:
        folder = Path(made)
        _print_circumstances(near, tools, given)
        bench = parts.Bench(folder=folder, near=near, tools=tools, repeats=given.repeats, report=_print_rows)
        if "startup" in given.only:
            parts.start_up(bench)
        wanted = set(given.only)
        for rtt_ms in given.rtt:
            for count in given.files:
                # one rollback of many is enough: it is long, and far away it is like the apply
                back = {"rollback"} if rtt_ms or count != given.files[0] else set()
                parts.lifecycle(bench, count, rtt_ms, wanted - back)
        if "cpu" in wanted:
            parts.cpu_each(bench, max(given.files))
        if "large" in wanted:
            parts.large_file(bench, given.large_mib)
        if "reading" in wanted:
            parts.reading(bench, given.reading)
        if "stall" in wanted:
            parts.stalls(bench, given.hold)
        if "load" in wanted:
            parts.under_load(bench, given.rows, given.pause)


def _print_circumstances(near: server.Place, tools: list[Tool], given: argparse.Namespace) -> None:
    print(
        f"{platform.system()} {platform.machine()}, {parts.cores()} cores; Python {platform.python_version()};",
        end=" ",
    )
    print(f"PostgreSQL {server.version(near)}; psycopg {psycopg.__version__} ({psycopg.pq.__impl__})")
    for tool in tools:
        known = f"not installed: {tool.install}" if tool.program is None else tool.version(tool.program)
        print(f"  {tool.name:16} {known}")
    print(
        f"median of {given.repeats} runs, or one where a run takes more than 20 s; × is runner's time by the tool's"
    )


def _print_rows(title: str, results: parts.Results, conclusion: str) -> None:
    print(f"\n{title}")
    ours = results.get("runner")
    for name, taken in results.items():
        if isinstance(taken, str):
            print(f"  {name:20} {taken}")
            continue
        ratio = (
            f"{ours.wall_s / taken.wall_s:6.2f} ×"
            if isinstance(ours, Taken) and name != "runner"
            else " " * 8
        )
        backend = f", its backend {taken.backend_kib / 1024:.0f} MiB" if taken.backend_kib else ""
        single = " (one run)" if taken.runs == 1 else ""
        print(
            f"  {name:20} {taken.wall_s:8.3f} s {ratio}   CPU {taken.cpu_s:7.3f} s"
            f"   {taken.memory_kib / 1024:4.0f} MiB{backend}{single}",
            flush=True,
        )
    if conclusion:
        print(f"  {conclusion}")


if __name__ == "__main__":
    main()
