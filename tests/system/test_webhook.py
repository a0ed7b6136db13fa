"""The webhook: http and https, names, and receivers that behave badly."""

import http.server
import json
import threading

import pytest
from lone_node import YEARS, node, template  # noqa: F401
from name_server import NameServer
from programs import until
from test_expiry import FINE, Receiver, courier, serving
from test_mail import Rude

NAME = "hook.example"


class Hook(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.10.79", 0), Answer)
        self.got, self.status, self.location = [], 204, None
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass

    def end(self):
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Host"], self.server.status, json.loads(body)))
        self.send_response(self.server.status)
        if self.server.location is not None:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


@pytest.fixture
def names():
    server = NameServer({NAME: "127.0.10.79"})
    yield server
    server.close()


def settings(names, url, authorities="system"):
    return f"[courier]\nwebhook = {url}\nauthorities = {authorities}\nname-server = {names.address}\n"


def start(node, extra):
    return node.start(YEARS - 5, extra)


def test_https_to_a_name(node, names, tmp_path):
    context, path = serving(tmp_path, NAME)
    hook = Hook(context)
    start(node, settings(names, f"https://{NAME}:{hook.server_port}/a?b=c", path))
    until(lambda: hook.got, 60, "the alarms")
    node.end()
    (where, host, _, said), = hook.got
    assert (where, host) == ("/a?b=c", f"{NAME}:{hook.server_port}")
    assert said["schema_version"] == 1 and said["node"] == "alone" and said["raised"]
    assert {row["alarm"] for row in said["alarms"]} == {"CertValidfor7days"}
    assert NAME in names.asked
    hook.end()


@pytest.mark.parametrize("wrong", ["name", "authority", "system"])
def test_https_to_somebody_else_says_nothing(node, names, tmp_path, wrong):
    context, path = serving(tmp_path, "other.example" if wrong == "name" else NAME)
    if wrong == "authority":
        _, path = serving(tmp_path, "other.example")
    hook = Hook(context)
    start(node, settings(names, f"https://{NAME}:{hook.server_port}/", "system" if wrong == "system" else path))
    node.daemon.wait_for_text("alarms wait to be sent", 60)
    line = next(line for line in node.daemon.output.splitlines() if "alarms wait to be sent" in line)
    assert "certificate" in line, line
    node.end()
    assert hook.got == []
    hook.end()


def test_a_redirect_is_not_followed(node, names):
    hook, elsewhere = Hook(), Hook()
    hook.status, hook.location = 307, f"http://127.0.10.79:{elsewhere.server_port}/"
    start(node, settings(names, f"http://{NAME}:{hook.server_port}/"))
    node.daemon.wait_for_text("answers with status 307", 60)
    until(lambda: len(hook.got) > 1, 60, "a second attempt")
    hook.status, hook.location = 200, None
    until(lambda: hook.got[-1][2] == 200, 60, "the alarms, taken at last")
    node.end()
    assert elsewhere.got == []
    hook.end()
    elsewhere.end()


@pytest.mark.parametrize("words", [b"220 mail.example ESMTP\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 60000, b"\0" * 100])
def test_garbage_is_asked_again(node, names, words):
    server = Rude(words)
    start(node, settings(names, f"http://{NAME}:{server.port}/"))
    if words[0] != 0:  # of the zeros it waits for the end of a line
        node.daemon.wait_for_text("alarms wait to be sent", 60)
        until(lambda: len(server.peers) > 1, 60, "a second attempt")
    else:
        until(lambda: server.peers, 60, "the attempt")
    assert node.run("expiry", "list").returncode == FINE
    node.end()
    server.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_keeps_silent_holds_up_nobody_else(node, names, scheme):
    server, log = Rude(b""), Receiver("udp")
    extra = settings(names, f"{scheme}://127.0.10.79:{server.port}/") + courier(log).removeprefix("[courier]\n")
    start(node, extra)
    until(lambda: server.peers, 60, "the silence")
    until(lambda: log.got, 60, "syslog's alarms")
    assert node.run("expiry", "list").returncode == FINE
    node.end()
    server.close()
    log.close()


def test_what_is_deleted_while_it_waits_is_not_spoken_of(node, names):
    hook = Hook()
    hook.status = 500
    node.start()
    _, path = serving(node.folder, "waiting.example")
    node.json("trust", "upload", "tomcat-trust", "--certificate", path)
    node.end()
    node.start(YEARS - 5, settings(names, f"http://127.0.10.79:{hook.server_port}/"))
    node.daemon.wait_for_text("answers with status 500", 60)
    assert "waiting.example.pem" in {row["name"] for row in hook.got[0][3]["alarms"]}
    node.json("trust", "delete", "tomcat-trust", "waiting.example.pem")
    hook.status = 200
    until(lambda: hook.got[-1][2] == 200, 60, "the alarms, taken at last")
    assert hook.got[-1][3]["alarms"]
    assert "waiting.example.pem" not in {row["name"] for row in hook.got[-1][3]["alarms"]}
    node.end()
    hook.end()
