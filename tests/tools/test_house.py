"""The house keeps its own rules: one case a check."""

import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "name", ["check-layers", "check-words", "check-shape", "check-headers", "check-state", "check-format"]
)
def test_house(name):
    ran = subprocess.run(
        [TOP / "tools" / name], capture_output=True, text=True, timeout=300, check=False
    )
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_every_tool_is_executable_and_every_script_strict():
    for path in [TOP / "dev", TOP / ".ci/run", *(TOP / "tools").iterdir()]:
        if path.is_dir() or path.suffix == ".py":
            continue
        assert path.stat().st_mode & 0o111, path
        first, *rest = path.read_text().splitlines()
        assert first in ("#!/usr/bin/env bash", "#!/usr/bin/python3"), path
        assert "bash" not in first or "set -euo pipefail" in rest, path
