"""The last line of ./dev test is right whatever way a test program ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
JUNIT = """<testsuites><testsuite><testcase classname="c" name="a"/>
<testcase classname="c" name="b"><failure/></testcase>
<testcase classname="c" name="d"><error/></testcase>
<testcase classname="c" name="e"><skipped/></testcase></testsuite></testsuites>"""


def count(folder, steps, logs=()):
    for name, text in dict(logs).items():
        (folder / name).write_text(text)
    (folder / "steps").write_text(steps)
    ran = subprocess.run(
        [TOP / "tools/count-tests", folder], capture_output=True, text=True, timeout=20, check=False
    )
    return ran.returncode, ran.stdout.splitlines()


def entry(stdout, result="OK"):
    return json.dumps({"name": "base/reader", "stdout": stdout, "result": result}) + "\n"


@pytest.mark.parametrize(
    "stdout, result, sum_line",
    [
        ("1..2\nok 1 - a\nok 2 - b\n", "OK", "2 passed, 0 failed, 0 skipped"),
        ("1..2\nok 1 - a\nok 2 - b # SKIP\n", "OK", "1 passed, 0 failed, 1 skipped"),
        ("1..2\nok 1 - a\nnot ok 2 - b\n# not ok - x\n", "ERROR", "1 passed, 1 failed, 0 skipped"),
        ("1..3\nok 1 - a\n", "TIMEOUT", "1 passed, 1 failed, 0 skipped"),
        ("1..1\nok 1 - a\n", "ERROR", "1 passed, 1 failed, 0 skipped"),
        ("", "OK", "1 passed, 0 failed, 0 skipped"),
        ("", "FAIL", "0 passed, 1 failed, 0 skipped"),
        (None, "TIMEOUT", "0 passed, 1 failed, 0 skipped"),
    ],
)
def test_unit_programs(tmp_path, stdout, result, sum_line):
    status = 0 if result == "OK" else 1
    code, lines = count(tmp_path, f"unit {status}\n", {"unit.json": entry(stdout, result)})
    assert lines[-1] == sum_line
    assert code == (0 if " 0 failed" in sum_line else 1)


def test_pytest_files_and_steps(tmp_path):
    code, lines = count(
        tmp_path,
        "build 0\nunit 0\nsystem 1\nbuild-asan 1\n",
        {"unit.json": entry("1..1\nok 1 - a\n"), "system.xml": JUNIT},
    )
    assert code == 1
    assert lines[-1] == "2 passed, 3 failed, 1 skipped"
    assert "failed: build-asan: ended with status 1" in lines
    assert "failed: system: c.b" in lines
    assert "skipped: system: c.e" in lines


def test_a_step_without_results_is_no_success(tmp_path):
    assert count(tmp_path, "system 5\n") == (
        1, ["failed: system: ended with status 5", "0 passed, 1 failed, 0 skipped"],
    )
    assert count(tmp_path, "build 0\n")[0] == 1


def test_run_unit_turns_skips_round():
    program = "print('1..2'); print('not ok 1 # SKIP vectors'); print('not ok 2 - x'); exit(1)"
    ran = subprocess.run(
        [TOP / "tools/run-unit", sys.executable, "-c", program],
        capture_output=True, text=True, timeout=20, check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "1..2\nok 1 - vectors # SKIP\nnot ok 2 - x\n")


def test_run_unit_passes_a_crash_on():
    program = "import os; os.abort()"
    ran = subprocess.run(
        [TOP / "tools/run-unit", sys.executable, "-c", program], timeout=20, check=False
    )
    assert ran.returncode == 128 + 6


def test_dev_lists_its_commands():
    ran = subprocess.run(
        [TOP / "dev"], capture_output=True, text=True, timeout=20, check=True, cwd="/"
    )
    listed = [line.split()[0] for line in ran.stdout.splitlines() if line.startswith("  ") and line[2] != " "]
    assert listed == "setup build run test check format fuzz coverage bench".split()
    assert ran.stderr == ""


def test_dev_refuses_other_words():
    ran = subprocess.run([TOP / "dev", "frob"], capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode == 2
    assert "frob" in ran.stderr
