"""A cluster with many certificates."""

import json
import socket
import subprocess
import time

from benchmark.figure import AT_MOST, Figure
from benchmark.work import Work

CERTIFICATES = 8000


def ask(control, path):
    """GET over the control socket as any client would: the body, without an HTTP library's time."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(control)
        asked.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: asked.recv(1 << 20), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return body


class Listed(Work):
    name = "cert-list"
    does = "`cert list --json` of 8,000 certificates, a whole process; and the query alone, at the control socket"
    figures = (
        Figure("with process start", "process", AT_MOST, 400, "ms"),
        Figure("the query alone", "query", AT_MOST, 100, "ms"),
        Figure("the first query after so many came", "first", unit="ms"),
    )

    def setup(self, place):
        self.place, self.lab = place, None
        self.lab = place.lab()
        self.control = str(self.lab.info["control"])
        store = place.folder / "lab/store/cluster.sqlite"
        subprocess.run([place.load("fill-store"), f"sqlite:{store}", "pub", str(CERTIFICATES)], check=True,
                       timeout=120)
        started = time.monotonic()
        ask(self.control, "/v1/certificates")  # reads what is new; then it is kept
        self.first = (time.monotonic() - started) * 1000

    def run(self, side):
        started = time.monotonic()
        body = ask(self.control, "/v1/certificates")
        queried = time.monotonic()
        ran = subprocess.run(
            [self.place.dialtrust, "cert", "list", "--json", "--control", self.control],
            capture_output=True, check=True,
        )
        ended = time.monotonic()
        assert len(json.loads(body)["certificates"]) >= CERTIFICATES
        assert len(json.loads(ran.stdout)["certificates"]) >= CERTIFICATES
        return {"query": (queried - started) * 1000, "process": (ended - queried) * 1000,
                "first": self.first}

    def teardown(self):
        if self.lab is not None:
            self.lab.end()
            self.lab.kill()


WORKS = [Listed()]
