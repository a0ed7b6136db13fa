"""Stock clients of TCP, each by name: `openssl s_client` (TLS 1.2, 1.3, and both going on with a
session), and curl by HTTP and HTTPS."""

import base64
import hashlib
import re
import subprocess

import pytest
from programs import SLOWER, curl, environment, fetch, until
from test_lists import der
from test_tvs import Client, verify_request

pytestmark = pytest.mark.asan
VERSIONS = ["-tls1_2", "-tls1_3"]


def ask_tvs(node, *words):
    """A question to TVS; what s_client says of the connection."""
    return ask(node, "tvs", verify_request(der(node["certificates"]["TVS"])), 10, *words)


def ask_https(node, *words):
    return ask(node, "https", b"GET /Ringlist.xml HTTP/1.1\r\nHost: phone\r\nConnection: close\r\n\r\n", 15, *words)


def ask(node, port, request, size, *words):
    """Sends it, waits for the answer, and for the ticket that TLS 1.3 sends after the handshake."""
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"{node['address']}:{node['ports'][port]}", "-ign_eof", *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(),
    )
    try:
        client.stdin.write(request)
        client.stdin.flush()
        said, answer = b"", b"HTTP/1.1 200" if port == "https" else b"\x57\x01\x02"
        while answer not in said or len(said) < said.index(answer) + size:
            piece = client.stdout.read1()
            assert piece, said
            said += piece
    finally:
        client.kill()
        client.wait(10)
        client.stdin.close()
        client.stdout.close()
    return said.decode(errors="replace")


def went_on(said):
    """Whether it is a session that was resumed, by the word of s_client."""
    words = re.search(r"^(New|Reused), TLSv1\.[23]", said, re.M)
    assert words, said
    return words.group(1) == "Reused"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("ask_it", [ask_tvs, ask_https])
def test_openssl_s_client(lab, ask_it, version):
    for node in lab.info["nodes"]:
        said = ask_it(node, version)
        assert not went_on(said)
        assert f"{version[1:].replace('tls', 'TLSv').replace('_', '.')}," in said


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("ask_it", [ask_tvs, ask_https])
def test_openssl_s_client_goes_on(lab, tmp_path, ask_it, version):
    node, session = lab.publisher, tmp_path / "session"
    assert not went_on(ask_it(node, version, "-sess_out", session))
    assert session.stat().st_size > 0
    assert went_on(ask_it(node, version, "-sess_in", session))
    assert went_on(ask_it(node, version, "-sess_in", session)), "more than once, as phones do after a fault"


def test_openssl_s_client_goes_on_without_a_ticket(lab, tmp_path):
    node, session = lab.publisher, tmp_path / "session"
    assert not went_on(ask_tvs(node, "-tls1_2", "-no_ticket", "-sess_out", session))
    assert went_on(ask_tvs(node, "-tls1_2", "-no_ticket", "-sess_in", session))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_ends_with_its_certificate(own_lab, tmp_path, version):
    """TVS regenerated and restarted: who comes with the old session is shown the new certificate."""
    lab = own_lab(nodes=1, phones=0)
    node, session = lab.publisher, tmp_path / "session"
    assert not went_on(ask_tvs(node, version, "-sess_out", session))
    before = der(node["certificates"]["TVS"])
    lab.json("cert", "regen", "TVS", "--node", node["name"])
    until(lambda: shown(node) != before, 60, "the new certificate at TVS")
    assert not went_on(ask_tvs(node, version, "-sess_in", session))


def shown(node):
    """The certificate that TVS shows, DER; None while it restarts."""
    ran = subprocess.run(
        ["openssl", "s_client", "-connect", f"{node['address']}:{node['ports']['tvs']}"],
        input=b"", capture_output=True, timeout=30 * SLOWER, check=False, env=environment(),
    ).stdout
    if b"-----BEGIN" not in ran:
        return None
    pem = ran[ran.index(b"-----BEGIN") : ran.index(b"-----END") + 25]
    return subprocess.run(
        ["openssl", "x509", "-outform", "DER"], input=pem, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize("port", ["http", "https"])
@pytest.mark.parametrize("words", [[], ["--http1.0"], ["--head"], ["--compressed"]])
def test_curl(lab, port, words):
    for node in lab.info["nodes"]:
        url = f"{port}://{node['address']}:{node['ports'][port]}/Ringlist.xml"
        status, out, said = curl(url, "--insecure", "--fail", *words)
        assert status == 0, said
        if words != ["--head"]:
            assert out == fetch(node, "Ringlist.xml")


def pin(path):
    """Of the key of a certificate, as curl wants it."""
    public = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-pubkey"], capture_output=True, check=True)
    spki = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=public.stdout, capture_output=True, check=True
    ).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl_with_its_certificate_pinned(lab, version):
    """As an operator would look: its key is the only anchor, and its name is not asked."""
    node = lab.publisher
    words = [f"https://{node['address']}:{node['ports']['https']}/Ringlist.xml", "--fail", "--insecure",
             f"--tlsv{version}", "--tls-max", version, "--pinnedpubkey"]
    status, out, said = curl(*words, pin(node["certificates"]["tomcat"]))
    assert status == 0, said
    assert out == fetch(node, "Ringlist.xml")
    status, out, said = curl(*words, pin(node["certificates"]["TVS"]))
    assert (status, out) == (90, b""), said


def test_curl_asks_twice_on_one_connection(lab):
    node = lab.publisher
    url = f"http://{node['address']}:{node['ports']['http']}/Ringlist.xml"
    status, out, said = curl(url, url, "-w", "%{stderr}%{num_connects} ")
    assert (status, said) == (0, "1 0 ")
    assert out == 2 * fetch(node, "Ringlist.xml")


def test_it_is_still_well(lab):
    with Client(lab.publisher) as client:
        client.say(verify_request(der(lab.publisher["certificates"]["TVS"])))
        assert client.answer()[0] == 2
