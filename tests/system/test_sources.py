"""What stands where a file is wanted: nothing, too much, or a server that is not there; every verb says the same."""

import json
import socket

import pytest
from programs import dialtrust

pytestmark = pytest.mark.asan

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)

LISTS = [["list", "show", "WHAT"], ["list", "verify", "WHAT"], ["list", "explain", "WHAT"], ["list", "diff", "WHAT", "WHAT"]]
CERTIFICATES = [["cert", "show", "WHAT"], ["cert", "hash", "WHAT"], ["cert", "verify", "WHAT"],
                ["tvs", "ask", "127.0.0.1", "--cert", "WHAT"], ["file", "verify", "x", "--signer", "WHAT"]]
FILES = [["file", "show", "WHAT"], ["file", "strip", "WHAT", "--out", "out"], ["config", "lint", "WHAT"]]
TRUST = [["list", "verify", "x", "--trust", "WHAT"], ["file", "verify", "x", "--trust", "WHAT"],
         ["capf", "status", "127.0.0.1", "--trust", "WHAT"]]


def called(words, what):
    return [what if word == "WHAT" else word for word in words]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("sources")
    (place / "large").write_bytes(bytes(300 << 10))
    (place / "larger").write_bytes(b"<x/>" + b" " * (17 << 20))
    return place


@pytest.mark.parametrize("words", [*LISTS, *CERTIFICATES[1:], *FILES, *TRUST], ids=" ".join)
def test_no_name_at_all(words, folder):
    ran = dialtrust(*called(words, ""), cwd=folder)
    assert ran.returncode == USAGE, ran.stderr
    assert "a file needs a name" in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize("words", [*LISTS, *CERTIFICATES, *TRUST], ids=" ".join)
def test_too_large_is_a_judgement(words, folder):
    ran = dialtrust(*called(words, "large"), "--json", cwd=folder)
    assert ran.returncode == UNVERIFIED, ran.stderr
    assert json.loads(ran.stderr)["fault"] == "limit"
    assert "large: " in json.loads(ran.stderr)["error"]


def test_too_large_a_configuration_and_too_long_a_line(folder):
    for words in (["config", "lint", "larger"], ["explain", "x" * 5000], ["file", "sign", "larger", "--signer", "a.pem", "--key", "a.key"]):
        if "--signer" in words:
            made = dialtrust("cert", "make", "--unit", "CallManager", "--name", "a", "--out", "a.pem", "--key-out", "a.key", cwd=folder)
            assert made.returncode == FINE, made.stderr
        ran = dialtrust(*words, "--json", cwd=folder)
        assert ran.returncode == UNVERIFIED, ran.stderr
        assert json.loads(ran.stderr)["fault"] == "limit"


@pytest.mark.parametrize("scheme", ["tftp", "http", "https"])
@pytest.mark.parametrize("words", [LISTS[0], FILES[0], FILES[2]], ids=" ".join)
def test_nobody_serves_there(scheme, words):
    """Told at once, with the place once."""
    kind = socket.SOCK_DGRAM if scheme == "tftp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.3", 0))
        if scheme == "tftp":
            held.connect(("127.0.0.4", 9))  # hears nobody else: for others the port is closed
        url = f"{scheme}://127.0.0.3:{held.getsockname()[1]}/ITLFile.tlv"
        ran = dialtrust(*called(words, url))
    assert ran.returncode == ERROR, ran.stderr
    assert ran.stderr.count(url) == 1 and ran.stderr.count("://") == 1
    assert scheme != "tftp" or "nobody serves TFTP there" in ran.stderr
