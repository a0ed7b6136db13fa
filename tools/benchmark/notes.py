"""The table on the terminal, and what docs/measurements.md keeps of it."""

import datetime
import os
import platform
import subprocess
from pathlib import Path
from statistics import median

from .figure import AT_LEAST, TOLD, judge

TOP = Path(__file__).resolve().parents[2]
NOTES = TOP / "docs/measurements.md"
HEAD = """# Measurements

`./dev bench` appends what it measured. A figure beside a peer is a ratio, ours to theirs: the median of
several pairs, run in turn on one machine, with the least and the most of them. Between two loops of RSA-2048
signatures that differ by more than 15 % a pair is dropped and repeated. Seconds and rates of one machine
say little about another; ratios travel.
"""


def number(value, unit):
    if unit in ("ms", "s", "us") or value < 100:
        return f"{value:.3g} {unit}".rstrip()
    return f"{value:,.0f} {unit}".rstrip()


def target_of(figure):
    if figure.direction == TOLD:
        return ""
    sign = "≥" if figure.direction == AT_LEAST else "≤"
    return f"{sign} {number(figure.target, '' if figure.beside else figure.unit)}"


def cells(outcome):
    """means, ours, beside, ratio, range, target, verdict."""
    figure, alone = outcome.figure, outcome.figure.beside is None
    shown = (lambda value: number(value, figure.unit)) if alone else (lambda value: f"{value:.2f}")
    beside = ""
    if not alone:
        beside = f"{outcome.best or figure.beside}: {number(outcome.theirs, figure.unit)}"
    return [
        figure.means, number(outcome.ours, figure.unit), beside, "" if alone else shown(outcome.value),
        f"{shown(outcome.least)}–{shown(outcome.most)}", target_of(figure), outcome.verdict,
    ]


def rows_of(measured):
    if not measured.counts:
        return []
    return [cells(judge(figure, measured.counts)) for figure in measured.work.figures]


def print_work(measured):
    work = measured.work
    print(f"\n{work.name}: {work.does}", flush=True)
    rows = [["", "ours", "beside", "ratio", "range", "target", ""], *rows_of(measured)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    if len(rows) > 1:
        for row in rows:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    if measured.dropped:
        print(f"  {measured.dropped} counts dropped: the machine's speed changed in them")
    if measured.problem:
        print(f"  NOT MEASURED: {measured.problem}", flush=True)


def said(*words):
    ran = subprocess.run(words, capture_output=True, text=True, cwd=TOP, check=False)
    return ran.stdout.strip()


def machine():
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, {said('openssl', 'version')}"


def commit():
    changed = said("git", "status", "--porcelain", "--untracked-files=no", "--", "src", "bench")
    return said("git", "rev-parse", "--short", "HEAD") + (" and changes" if changed else "")


def section(results):
    calibrations = [rate for measured in results for rate in measured.calibrations]
    now = datetime.datetime.now(datetime.timezone.utc)
    rate = f"; calibration: {median(calibrations):,.0f} RSA-2048 signatures/s" if calibrations else ""
    lines = [
        f"\n## {now:%Y-%m-%d %H:%MZ}, commit {commit()}\n", f"{machine()}{rate}\n",
        "| work | figure | ours | beside | ratio | range | target | |", "|---|---|---|---|---|---|---|---|",
    ]
    for measured in results:
        for row in rows_of(measured):
            lines.append("| " + " | ".join([measured.work.name, *row]) + " |")
        if measured.problem:
            lines.append(f"| {measured.work.name} | not measured: {measured.problem} | | | | | | |")
    return "\n".join(lines) + "\n"


def append(results):
    if not NOTES.exists():
        NOTES.write_text(HEAD)
    with NOTES.open("a") as notes:
        notes.write(section(results))
