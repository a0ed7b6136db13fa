"""The command line: exit codes, --json, --help at every level, NO_COLOR, data apart from messages."""

import json
import re

import pytest
from programs import DIALTRUST, dialtrust

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)

VERBS = [
    ("list", "show"), ("list", "verify"), ("list", "status"), ("cluster", "init"),
    ("cluster", "show"), ("node", "add"), ("node", "list"), ("cert", "list"), ("cert", "show"),
    ("cert", "regen"), ("service", "list"), ("service", "restart"), ("phone", "list"),
    ("explain",), ("tvs", "ask"),
    ("parameter", "list"), ("parameter", "set"), ("audit", "list"), ("expiry", "list"), ("emulator", "boot"), ("lab",),
]


@pytest.mark.asan
@pytest.mark.parametrize("words", [(), *{(verb[0],) for verb in VERBS}, *VERBS], ids=" ".join)
def test_help_at_every_level(words):
    ran = dialtrust(*words, "--help")
    assert ran.returncode == FINE
    assert ran.stderr == ""
    assert " ".join(("dialtrust", *words)) in ran.stdout
    assert len(ran.stdout.splitlines()) > 2
    for verb in VERBS:
        if verb[: len(words)] == words and len(verb) > len(words):
            assert verb[len(words)] in ran.stdout


def test_alone_it_explains_itself():
    ran = dialtrust()
    assert ran.returncode == USAGE
    assert ran.stdout == ""
    assert "--help" in ran.stderr


@pytest.mark.parametrize("words", [(), ("cert", "list"), ("lab",)], ids=" ".join)
def test_version(words):
    ran = dialtrust(*words, "--version")
    assert ran.returncode == FINE
    assert re.fullmatch(r"dialtrust \d+\.\d+\.\d+\n", ran.stdout)


@pytest.mark.parametrize(
    "words",
    [
        ["frob"], ["list"], ["list", "frob"], ["list", "verify"], ["list", "verify", "a", "b"],
        ["list", "verify", "a", "--frob"], ["list", "verify", "a", "--trust"], ["cert", "regen"],
        ["emulator", "boot"], ["--frob"], ["lab", "extra"],
    ],
    ids=" ".join,
)
def test_words_that_make_no_sense_are_2(words):
    ran = dialtrust(*words)
    assert ran.returncode == USAGE, ran.stderr
    assert ran.stdout == ""
    assert ran.stderr.strip()


@pytest.mark.asan
@pytest.mark.parametrize(
    "words, key",
    [
        (["node", "list"], "nodes"), (["cert", "list"], "certificates"), (["list", "status"], "lists"),
        (["service", "list"], "services"), (["phone", "list"], "phones"),
    ],
    ids=str,
)
def test_json_and_table_say_the_same(lab, words, key):
    shown = lab.json(*words)
    assert shown["schema_version"] == 1
    rows = shown[key]
    assert rows
    ran = lab.run(*words)
    assert ran.returncode == FINE
    assert len(ran.stdout.splitlines()) >= len(rows)
    for row in rows:
        name = row.get("name") or row.get("service")
        assert name in ran.stdout


def test_json_of_a_failure(lab):
    ran = lab.run("cert", "show", "CallManager", "--node", "nowhere", "--json")
    assert ran.returncode == MISSING
    assert ran.stdout == ""
    told = json.loads(ran.stderr)
    assert told["fault"] == "missing"
    assert "nowhere" in told["error"]


@pytest.mark.asan
def test_cert_show(lab):
    node = lab.publisher["name"]
    shown = lab.json("cert", "show", "TVS", "--node", node)
    pem = open(lab.publisher["certificates"]["TVS"]).read()
    assert shown["pem"].strip() == pem.strip()
    ran = lab.run("cert", "show", "TVS", "--node", node)
    assert ran.returncode == FINE
    assert shown["subject"] in ran.stdout
    assert shown["sha256"].lower() in ran.stdout.lower().replace(":", "")


def test_cert_list_has_the_eight_units_of_a_publisher(lab):
    node = lab.publisher["name"]
    rows = lab.json("cert", "list", "--node", node)["certificates"]
    own = [row["unit"] for row in rows if not row["unit"].endswith("-trust")]
    assert own == [
        "CAPF", "CallManager", "CallManager-ECDSA", "ITLRecovery", "TVS", "ipsec", "tomcat",
        "tomcat-ECDSA",
    ]


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["cert", "show", "frobnicator", "--node", "PUB"], MISSING, "frobnicator"),
        (["cert", "regen", "CallManager", "--node", "nowhere"], MISSING, "nowhere"),
        (["cert", "regen", "CallManager-trust", "--node", "PUB"], REFUSED, "CallManager-trust"),
        (["cert", "regen", "CAPF", "--node", "SUB"], REFUSED, "CAPF"),
    ],
    ids=str,
)
def test_exit_codes_of_the_daemon(lab, words, code, said):
    names = {"PUB": lab.publisher["name"], "SUB": lab.subscriber["name"]}
    ran = lab.run(*[names.get(word, word) for word in words])
    assert ran.returncode == code, ran.stderr
    assert said in ran.stderr
    assert ran.stdout == ""


def test_without_a_daemon(tmp_path):
    ran = dialtrust("node", "list", control=tmp_path / "nobody")
    assert ran.returncode == ERROR
    assert str(tmp_path / "nobody") in ran.stderr
    assert "--control" in ran.stderr or "DIALTRUST_CONTROL" in ran.stderr


def test_control_option_wins(lab, tmp_path):
    ran = dialtrust(
        "node", "list", "--control", lab.info["control"], control=tmp_path / "nobody"
    )
    assert ran.returncode == FINE, ran.stderr


def on_a_terminal(*words, **env):
    """Output of a program that sees a terminal."""
    import os
    import pty
    import subprocess

    from programs import environment

    parent, child = pty.openpty()
    with subprocess.Popen(
        [DIALTRUST, *words], stdout=child, stderr=child, stdin=subprocess.DEVNULL,
        env=environment(TERM="xterm", **env),
    ) as program:
        os.close(child)
        said = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
        program.wait(30)
    os.close(parent)
    return said


def test_no_color(lab):
    words = ("list", "status", "--control", lab.info["control"])
    assert b"\x1b[" in on_a_terminal(*words)
    assert b"\x1b" not in on_a_terminal(*words, NO_COLOR="1")
    assert b"\x1b" not in dialtrust(*words).stdout.encode()


def test_output_that_nobody_reads_is_no_success():
    with open("/dev/full", "w") as full:
        import subprocess

        ran = subprocess.run([DIALTRUST, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == ERROR
