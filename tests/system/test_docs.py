"""README.md and HACKING.md, followed word for word: every command of their ```console blocks is run,
and what they show is compared loosely (numbers, digests, times and phones may differ)."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile

import pytest
from programs import SLOWER, TOP, Program, environment

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
# Run by other means, or the very thing that runs this test.
ELSEWHERE = re.compile(r"\./dev (test|check|fuzz|coverage|bench|format)\b|git clone|\.ci/run")
STAYS = re.compile(r"\./dev run(?! --once)|dialtrust lab(?!.*--once)")


def steps(page):
    """(command, lines shown) in the order of the page."""
    found = []
    for block in BLOCK.findall((TOP / page).read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found:
                found[-1][1].append(line)
    return found


def loosely(line):
    line = re.sub(r"\x1b\[[0-9;]*m", "", line)
    line = re.sub(r"/tmp/(dt\w+/)?lab", "/tmp/lab", line)
    line = re.sub(r"\b(SEP)?[0-9A-Fa-f]{8,}(…|\.\.\.)?", "H", line)
    line = re.sub(r"\d+", "N", line)
    return " ".join(line.split())


def shown_in(shown, output):
    """Every line shown stands in the output, in that order; a line of dots may hide some."""
    rest = [loosely(line) for line in output.splitlines()]
    for line in shown:
        if line.strip() in ("…", "..."):
            continue
        wanted = loosely(line)
        if wanted and wanted not in rest:
            return f"{line!r} is not in what remains of the output:\n" + "\n".join(rest)
        rest = rest[rest.index(wanted) + 1 :] if wanted else rest
    return None


@pytest.fixture
def shell():
    """The reader's terminals: the first keeps the lab, the second runs what is tried on it. Where a
    page says /tmp/lab, a folder of our own stands in; its path is short, for the sockets in it."""
    lab, folder = [], tempfile.mkdtemp(prefix="dt", dir="/tmp")

    def run(command):
        command = command.replace("/tmp/lab", f"{folder}/lab")
        env = environment(TMPDIR=folder)
        if STAYS.search(command):
            lab.append(Program(shlex.split(command), cwd=TOP, TMPDIR=folder))
            lab[-1].wait_for_text("Ctrl-C", 120)
            return lab[-1].output
        # Variables that a reader exports hold for the commands that follow.
        script = f'set -e; [ ! -f "$TMPDIR/env" ] || . "$TMPDIR/env"; {command}\nexport -p > "$TMPDIR/env"'
        ran = subprocess.run(
            ["bash", "-c", script], cwd=TOP, env=env, capture_output=True, text=True,
            timeout=200 * SLOWER, check=False, stdin=subprocess.DEVNULL,
        )
        assert ran.returncode == 0, f"$ {command}\n{ran.stdout}{ran.stderr}"
        return ran.stdout + ran.stderr

    yield run
    for program in lab:
        try:
            assert program.end(signal.SIGINT) == 0
        finally:
            program.kill()
    shutil.rmtree(folder)


@pytest.mark.parametrize("page", ["README.md", "HACKING.md"])
def test_every_command_does_what_the_page_shows(page, shell):
    assert steps(page)
    for command, shown in steps(page):
        if ELSEWHERE.search(command):
            continue
        problem = shown_in(shown, shell(command))
        assert problem is None, f"$ {command}\n{problem}"


def test_links_lead_somewhere():
    for page in ["README.md", "HACKING.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md"]:
        text = (TOP / page).read_text()
        for target in re.findall(r"\]\(([^)#:]+)", text):
            assert (TOP / target).exists(), f"{page}: {target}"
        for target in re.findall(r"`((?:docs|src|tools|tests|fuzz)/[\w./-]+)`", text):
            assert (TOP / target).exists(), f"{page}: {target}"


def test_sources_cite_pages_that_exist():
    """docs/formats/x.md#anchor in a comment: the page is there, and so is the heading."""
    missing = set()
    for path in sorted((TOP / "src").rglob("*.[ch]")):
        for page, anchor in re.findall(r"(docs/[\w/-]+\.md)(?:#([\w-]+))?", path.read_text()):
            if not (TOP / page).exists():
                missing.add(page)
            elif anchor:
                headings = re.findall(r"^#+ (.*)$", (TOP / page).read_text(), re.M)
                slugs = {re.sub(r"[^\w -]", "", h.lower()).strip().replace(" ", "-") for h in headings}
                if anchor not in slugs:
                    missing.add(f"{page}#{anchor}")
    assert not missing, sorted(missing)


def test_the_comparison_can_fail():
    assert shown_in(["list ITL pub 3"], "noise\nlist  ITL pub 17\n") is None
    assert shown_in(["a", "…", "c"], "a\nb\nc\n") is None
    assert shown_in(["c", "a"], "a\nb\nc\n")
    assert shown_in(["verified"], "not verified\n")
