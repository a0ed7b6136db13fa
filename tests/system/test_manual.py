"""The manual pages and what the programs say of themselves: neither knows less than the other."""

import re
import shutil
import subprocess

import pytest
from programs import TOP, dialtrust

PAGE = TOP / "man" / "dialtrust.1"
OPTION = re.compile(r"--[a-z][a-z-]+")


def page_text():
    """The page without its macros and fonts."""
    text = re.sub(r"\\f[BIRP]", "", PAGE.read_text())
    text = re.sub(r"^\.(BR?|BI|IR?|RB|TP|RI)\s+", "", text, flags=re.M)
    return text.replace("\\-", "-").replace('"', "")


def verbs():
    shown = dialtrust("--help").stdout.split("\n\n")[1]
    return [re.split(r"\s{2,}", line.strip())[0] for line in shown.splitlines()]


def test_every_verb_is_in_the_manual():
    text = page_text()
    assert len(verbs()) > 10
    for verb in verbs():
        assert re.search(rf"^{verb}\b", text, re.M), verb


def test_every_option_of_an_operation_is_in_the_manual():
    text = page_text()
    for verb in verbs():
        said = dialtrust(*verb.split(), "--help").stdout
        if "On the daemon's socket" in said:
            for option in OPTION.findall(said):
                assert option in text, f"{verb} {option}"


def test_the_manual_names_no_option_that_is_not_there():
    known = set(OPTION.findall(dialtrust("--help").stdout))
    for verb in verbs():
        known |= set(OPTION.findall(dialtrust(*verb.split(), "--help").stdout))
    assert set(OPTION.findall(page_text())) <= known


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
@pytest.mark.parametrize("page", sorted(path.name for path in (TOP / "man").glob("*.[18]")))
def test_pages_are_laid_out_without_a_warning(page):
    ran = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", TOP / "man" / page], capture_output=True, text=True,
        check=False,
    )
    assert ran.returncode == 0
    assert ran.stderr == ""


def test_every_operation_is_on_its_page():
    page = (TOP / "docs" / "operations.md").read_text()
    for verb in verbs():
        said = dialtrust(*verb.split(), "--help").stdout
        for path in re.findall(r"On the daemon's socket: (.*)", said):
            row = re.search(rf"^\| `{verb}` \| `{re.escape(path)}` \|(.*)$", page, re.M)
            assert row, f"{verb}: {path}"
            for option in set(OPTION.findall(said.split("With every verb")[0])):
                name = option[2:]
                in_path = "{" + name + "}" in path
                assert in_path or name in row[1] or name.replace("-", "_") in row[1], option
