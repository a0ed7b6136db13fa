"""`dialtrust tvs ask` against the TVS of a lab, and against servers that are none. docs/tvs-ask.md"""

import json
import socket
import subprocess
import threading

import pytest
from programs import dialtrust, fetch
from signed_file import parse, sha256
from test_lists import der

pytestmark = pytest.mark.asan

FINE, ERROR, USAGE, UNVERIFIED, MISSING = 0, 1, 2, 4, 5


def place(node):
    return f"{node['address']}:{node['ports']['tvs']}"


def test_a_certificate_of_the_cluster_is_vouched_for(lab):
    for node in lab.info["nodes"]:
        certificate = lab.publisher["certificates"]["CallManager"]
        ran = dialtrust("tvs", "ask", place(node), "--cert", certificate, "--json")
        assert ran.returncode == FINE, ran.stderr
        told = json.loads(ran.stdout)
        assert told["schema_version"] == 1
        assert told["vouched"] is True and told["asked"] == "certificate"
        assert told["ttl"] == 86400
        roles = {role["role"]: role["name"] for role in told["roles"]}
        assert roles[2] == "CCM+TFTP"
        assert roles[0] == "System Administrator Security Token"
        assert told["certificate"] is None
        own = sha256(der(node["certificates"]["TVS"]))
        assert told["server"]["sha256"] == (own if isinstance(own, str) else own.hex())
        ran = dialtrust("tvs", "ask", place(node), "--cert", certificate)
        assert ran.returncode == FINE
        for words in ("vouched for", "CCM+TFTP", "86400", told["server"]["sha256"]):
            assert words in ran.stdout


def test_a_signer_is_known_by_name(lab):
    node = lab.publisher
    subject, serial, issuer = parse(fetch(node, "ITLFile.tlv")).signer
    ran = dialtrust("tvs", "ask", place(node), "--signer", f"{subject},{issuer},{serial}", "--json")
    assert ran.returncode == FINE, ran.stderr
    told = json.loads(ran.stdout)
    assert told["asked"] == "signer"
    assert told["certificate"]["subject"] == subject
    assert told["certificate"]["pem"].strip() == (
        open(node["certificates"]["ITLRecovery"]).read().strip()
    )
    ran = dialtrust("tvs", "ask", place(node), "--signer", f"{subject},{issuer},{serial}")
    assert subject in ran.stdout and "The certificate that came back" in ran.stdout


def test_strangers_are_not_known(lab, tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=stranger",
         "-keyout", tmp_path / "key", "-out", tmp_path / "pem"],
        check=True, capture_output=True, timeout=60,
    )
    for words in (["--cert", tmp_path / "pem"], ["--signer", "CN=stranger,CN=stranger,01"]):
        ran = dialtrust("tvs", "ask", place(lab.publisher), *words, "--json")
        assert ran.returncode == MISSING, ran.stderr
        told = json.loads(ran.stdout)
        assert told["vouched"] is False and told["roles"] == [] and told["ttl"] is None
        assert json.loads(ran.stderr)["fault"] == "missing"
        assert told["server"]["subject"]


@pytest.mark.parametrize(
    "words",
    [
        ["HOST"], ["HOST", "--cert", "PEM", "--signer", "CN=a,CN=b,1"], ["HOST:0", "--cert", "PEM"],
        ["HOST:65536", "--cert", "PEM"], ["HOST/x", "--cert", "PEM"], ["", "--cert", "PEM"],
        ["HOST", "--signer", "CN=a"], ["HOST", "--signer", "CN=a,O=b,CN=c,1"],
        ["HOST", "--cert", "PEM", "--timeout", "0"],
    ],
    ids=" ".join,
)
def test_words_that_make_no_sense(lab, words):
    names = {"PEM": lab.publisher["certificates"]["TVS"]}
    words = [names.get(w, w.replace("HOST", "127.0.0.1")) for w in words]
    ran = dialtrust("tvs", "ask", *words)
    assert ran.returncode == USAGE, ran.stderr
    assert ran.stdout == ""


def test_nobody_there(lab):
    certificate = lab.publisher["certificates"]["TVS"]
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        port = silent.getsockname()[1]
        ran = dialtrust(
            "tvs", "ask", f"127.0.0.1:{port}", "--cert", certificate, "--timeout", "300"
        )
        assert ran.returncode == ERROR
        assert f"127.0.0.1:{port}" in ran.stderr
    ran = dialtrust("tvs", "ask", f"127.0.0.1:{port}", "--cert", certificate)
    assert ran.returncode == ERROR
    ran = dialtrust("tvs", "ask", "nobody.invalid", "--cert", certificate)
    assert ran.returncode == ERROR
    http = f"{lab.publisher['address']}:{lab.publisher['ports']['http']}"
    assert dialtrust("tvs", "ask", http, "--cert", certificate).returncode == ERROR


def test_an_answer_that_is_none(lab):
    """The HTTPS page of a node speaks TLS, and answers a question with HTTP."""
    node = lab.publisher
    ran = dialtrust(
        "tvs", "ask", f"{node['address']}:{node['ports']['https']}",
        "--cert", node["certificates"]["TVS"], "--json",
    )
    assert ran.returncode in (ERROR, UNVERIFIED), ran.stderr
    assert json.loads(ran.stderr)["fault"] in ("malformed", "io")
    assert ran.stdout == ""


def answering(tmp_path, answer):
    """`openssl s_server` that says `answer` to whoever has said something."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=liar",
         "-keyout", tmp_path / "key", "-out", tmp_path / "pem"],
        check=True, capture_output=True, timeout=60,
    )
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem", tmp_path / "key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, context.wrap_socket(listener.accept()[0], server_side=True) as stream:
            stream.recv(10000)
            stream.sendall(answer)
            stream.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return f"127.0.0.1:{listener.getsockname()[1]}", thread


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x57\1\2\0\0\0\3\xe8\0\4\7\0\1\1",
     b"\x57\1\2\0\0\0\3\xe9\0\4\7\0\1\2"],
    ids=["http", "other session", "unknown status"],
)
def test_nonsense_is_malformed(lab, tmp_path, answer):
    where, thread = answering(tmp_path, answer)
    certificate = lab.publisher["certificates"]["TVS"]
    ran = dialtrust("tvs", "ask", where, "--cert", certificate, "--timeout", "5000")
    assert ran.returncode == UNVERIFIED, ran.stderr
    assert ran.stdout == ""
    thread.join(30)
