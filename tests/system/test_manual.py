"""The manual pages and what the programs say of themselves: neither knows less than the other."""

import re
import shutil
import subprocess

import pytest
from programs import DIALTRUST, DIALTRUSTD, SLOWER, TOP, Program, dialtrust, environment, fetch
from test_start import SETTINGS

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


def examples():
    """The commands under EXAMPLES, a backslash at the end of a line continued."""
    lines = re.search(r"^\.SH EXAMPLES\n(.*?)^\.SH", PAGE.read_text(), re.M | re.S)[1].splitlines()
    text = "\n".join(line for line in lines if line.startswith(("dialtrust ", " ")))
    return text.replace("\\-", "-").replace("\\e\n", " ").splitlines()


@pytest.fixture
def example_shell(tmp_path, lab):
    """A folder with what the examples name, a daemon without a cluster, and the lab for 192.0.2.10."""
    for folder in ("root", "store", "kept", "tftp"):
        (tmp_path / folder).mkdir()
    node, ports = lab.publisher, lab.publisher["ports"]
    configuration = b"<device><TVS><members><member priority='0'><address>pub</address></member>" \
        b"</members></TVS></device>"
    (tmp_path / "SEP001122334455.cnf.xml").write_bytes(configuration)
    (tmp_path / "tftp" / "ringlist.xml").write_bytes(b"<x/>")
    (tmp_path / "kept" / "ITLFile.tlv").write_bytes(fetch(node, "ITLFile.tlv"))
    shutil.copy(node["certificates"]["CallManager"], tmp_path / "pub.pem")
    settings = SETTINGS.format(folder=tmp_path, tftp="127.0.10.80:0", http="127.0.10.80:0", tvs="off")
    (tmp_path / "settings").write_text(settings.replace("name = alone", "name = pub"))
    daemon = Program([DIALTRUSTD, "--settings", tmp_path / "settings"])

    def run(command):
        place = f"{node['address']}:{ports['tftp']}"
        command = command.replace("tftp://192.0.2.10/", f"tftp://{place}/")
        command = command.replace("ask 192.0.2.10", f"ask {node['address']}:{ports['tvs']}")
        command = command.replace("--address 192.0.2.10", "--address 127.0.10.80")
        command = command.replace("/srv/tftp", str(tmp_path / "tftp"))
        if not shutil.which("jq"):
            command = command.split(" | jq")[0]
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", f'dialtrust() {{ "{DIALTRUST}" "$@"; }}; {command}'],
            cwd=tmp_path, env=environment(DIALTRUST_CONTROL=str(tmp_path / "admin")), timeout=100 * SLOWER,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )

    try:
        daemon.wait_for_text("ready: ", 60)
        yield run
    finally:
        daemon.kill()


def test_every_example_does_what_the_page_says(example_shell):
    assert len(examples()) > 15
    for command in examples():
        ran = example_shell(command)
        # No cluster of ours knows the signer of that example.
        wanted = 5 if "tvs ask" in command and "--signer" in command else 0
        assert ran.returncode == wanted, f"$ {command}\n{ran.stdout}{ran.stderr}"
        assert ran.stdout + ran.stderr, command


def test_the_page_has_all_its_parts():
    headings = re.findall(r"^\.SH (.*)$", PAGE.read_text(), re.M)
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
        assert heading in headings
    text = page_text()
    status = text[text.index("EXIT STATUS"):]
    for number in range(6):
        assert re.search(rf"^{number}$", status, re.M), number


def test_every_option_of_every_verb_is_in_the_manual():
    text = page_text()
    for verb in verbs():
        if verb == "lab":
            continue  # the page sends there: dialtrust lab --help
        for option in OPTION.findall(dialtrust(*verb.split(), "--help").stdout):
            assert option in text, f"{verb} {option}"
