"""Lists and signed files from https servers: who vouches for the server. docs/list.md#https"""

import http.server
import json
import socket
import ssl
import threading

import pytest
from programs import dialtrust

pytestmark = pytest.mark.asan

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_words):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two servers' identities; a list that has one of them as TFTP server, and one that has not."""
    folder = tmp_path_factory.mktemp("https")

    def made(*words):
        ran = dialtrust(*words, cwd=folder)
        assert ran.returncode == FINE, ran.stderr

    for name, key in (("sast", "RSA-2048"), ("rsa", "RSA-2048"), ("other", "EC-P256")):
        made("cert", "make", "--unit", "CallManager", "--name", name, "--key", key,
             "--out", f"{name}.pem", "--key-out", f"{name}.key")
    signer = ["--signer", "sast.pem", "--key", "sast.key"]
    made("list", "build", *signer, "--out", "plain.tlv", "SAST=sast.pem", "--name", "ITLFile.tlv")
    made("list", "build", *signer, "--out", "held.tlv", "SAST=sast.pem", "TFTP=rsa.pem", "TFTP=sast.pem")
    (folder / "SEP001122334455.cnf.xml").write_text("<device/>")
    made("file", "sign", "SEP001122334455.cnf.xml", *signer)
    (folder / "ITLFile.tlv").write_bytes((folder / "held.tlv").read_bytes())
    return folder


@pytest.fixture(scope="module")
def serve(folder):
    running = []

    def start(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")

        def handler(*args):
            return Quiet(*args, directory=folder)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"https://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def digest(folder, name):
    ran = dialtrust("cert", "hash", folder / f"{name}.pem", "--json")
    return json.loads(ran.stdout)["certificates"][0]["sha256"]


NAME = "SEP001122334455.cnf.xml.sgn"
VERBS = [("list", "show", "ITLFile.tlv"), ("list", "verify", "ITLFile.tlv"), ("list", "explain", "ITLFile.tlv"),
         ("file", "show", NAME)]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_nobody_vouches(verb, folder, serve):
    url = serve("other")
    ran = dialtrust(*verb[:2], f"{url}/{verb[2]}")
    assert ran.returncode == FINE, ran.stderr
    assert "and nobody vouches for it" in ran.stderr
    assert digest(folder, "other") in ran.stderr and "CN=other" in ran.stderr
    assert digest(folder, "other") not in ran.stdout
    ran = dialtrust(*verb[:2], f"{url}/{verb[2]}", "--json")
    assert ran.returncode == FINE and json.loads(ran.stdout)["schema_version"] == 1
    assert ran.stderr.startswith(f"dialtrust: {url}/")
    local = dialtrust(*verb[:2], folder / verb[2])
    assert local.returncode == FINE and local.stderr == ""


def test_lint_tells_who_served_it(folder, serve):
    ran = dialtrust("config", "lint", f"{serve('other')}/{NAME}")
    assert "and nobody vouches for it" in ran.stderr and digest(folder, "other") in ran.stderr


@pytest.mark.parametrize("verb", [VERBS[0], VERBS[3]], ids=" ".join)
def test_show_trusts_only_whom_the_list_has(verb, folder, serve):
    held = ["--trust", folder / "held.tlv"]
    ran = dialtrust(*verb[:2], f"{serve('rsa')}/{verb[2]}", *held)
    assert ran.returncode == FINE, ran.stderr
    assert "a TFTP server in" in ran.stderr and ran.stdout
    for stranger, held in (("other", "held.tlv"), ("rsa", "plain.tlv")):
        words = [*verb[:2], f"{serve(stranger)}/{verb[2]}", "--trust", folder / held, "--json"]
        ran = dialtrust(*words)
        assert ran.returncode == UNVERIFIED, ran.stderr
        assert ran.stdout == ""
        fault = json.loads(ran.stderr)
        assert fault["fault"] == "untrusted"
        assert "does not have as a TFTP server" in fault["error"] and digest(folder, stranger) in fault["error"]


@pytest.mark.parametrize("verb", [("list", "verify", "ITLFile.tlv"), ("file", "verify", NAME)], ids=" ".join)
def test_verify_goes_by_the_signature(verb, folder, serve):
    for who, said in (("rsa", "a TFTP server in"), ("other", "Only the signature counts here")):
        ran = dialtrust(*verb[:2], f"{serve(who)}/{verb[2]}", "--trust", folder / "held.tlv")
        assert ran.returncode == FINE, ran.stderr
        assert said in ran.stderr
    ran = dialtrust("file", "verify", f"{serve('rsa')}/{NAME}", "--signer", folder / "other.pem")
    assert ran.returncode == UNVERIFIED and "nobody vouches" in ran.stderr


@pytest.mark.parametrize("source", ["FILE", "http://127.0.0.1:1/ITLFile.tlv", "tftp://127.0.0.1:1/ITLFile.tlv"])
@pytest.mark.parametrize("verb", [("list", "show"), ("file", "show")], ids=" ".join)
def test_there_must_be_a_server_to_judge(verb, source, folder):
    source = str(folder / "ITLFile.tlv") if source == "FILE" else source
    ran = dialtrust(*verb, source, "--trust", folder / "held.tlv")
    assert ran.returncode == USAGE and "https://" in ran.stderr


def test_what_fails(folder, serve):
    url = serve("rsa")
    assert dialtrust("list", "show", f"{url}/absent.tlv").returncode == MISSING
    assert dialtrust("list", "show", f"{url}/sast.pem").returncode == UNVERIFIED
    plain = url.replace("https", "http")  # TLS is spoken there
    ran = dialtrust("list", "show", f"{plain}/ITLFile.tlv")
    assert ran.returncode == ERROR and ran.stdout == ""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ran = dialtrust("list", "show", f"https://127.0.0.1:{port}/ITLFile.tlv")
    assert ran.returncode == ERROR and f":{port}" in ran.stderr
    ran = dialtrust("list", "show", f"{url}/ITLFile.tlv", "--trust", folder / "sast.pem")
    assert ran.returncode == UNVERIFIED and "sast.pem" in ran.stderr


def test_plain_text_on_an_https_port(folder):
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_words):
            pass

    server = Server(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        ran = dialtrust("list", "show", f"https://127.0.0.1:{server.server_port}/ITLFile.tlv", "--json")
        assert ran.returncode == ERROR and json.loads(ran.stderr)["fault"] == "io"
    finally:
        server.shutdown()
        server.server_close()


def test_the_page_of_a_node(lab):
    """The lab's own https server shows its tomcat certificate, which no list has: TVS vouches."""
    node = lab.publisher
    url = f"https://{node['address']}:{node['ports']['https']}/ITLFile.tlv"
    ran = dialtrust("list", "verify", url)
    assert ran.returncode == FINE, ran.stderr
    assert "nobody vouches for it" in ran.stderr
