"""Good clients while a crowd sits on the same server that says nothing, or a byte a second."""

import contextlib
import os
import threading

from benchmark.figure import AT_MOST, Figure
from benchmark.work import Work

from .tls import Held, Load, allow_many, query

EACH = 1000  # silent ones, and as many that drip
FROM = ("--first", "127.16.40.1", "--sources", 40)  # good clients come from 256 that begin at 127.16.0.1
SECONDS = 2.5  # of good clients: two or three rounds of drops, and no time limit of the server's


class Drained:
    """Reads meanwhile what a lab says: it is a line for each connection that was refused."""

    def __init__(self, lab):
        self.lab, self.over = lab, threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)

    def read(self):
        while not self.over.wait(0.05) and self.lab.read(1):
            pass

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Crowd(Work):
    """A count is good clients alone and good clients with the crowd, the next time the other way
    round. So many are under way at once that a server which stands still shows in 1 % of them."""

    def __init__(self, port, at_once, most):
        self.port, self.at_once = port, at_once
        self.name = f"crowd-{port}"
        self.does = (f"good clients of {port.upper()}, {at_once} at once, with {EACH:,} silent and {EACH:,}"
                     " one-byte-a-second connections from 40 addresses, and without")
        self.figures = (
            Figure("added 99th percentile", "added", AT_MOST, most, "ms"),
            Figure("99th percentile with the crowd", "p99", unit="ms"),
            Figure("99th percentile without", "p99_alone", unit="ms"),
            Figure("longest wait with the crowd", "longest", unit="ms"),
            Figure("longest wait without", "longest_alone", unit="ms"),
            Figure("good clients not answered, of all", "failures", AT_MOST, 0),
            Figure("good clients answered with the crowd", "rate", unit="/s"),
            Figure("good clients answered without", "rate_alone", unit="/s"),
            Figure("of the crowd, what the server keeps", "kept"),
        )
        self.lab, self.turn = None, 0

    def setup(self, place):
        self.lab = place.lab()
        node, pids = allow_many(self.lab)
        self.pid = pids["tvs" if self.port == "tvs" else "provision"]
        if self.port == "tvs":
            request, self.words = query(place.folder, node["certificates"]["CallManager"]), ["--tls", "1.3"]
        else:
            request, self.words = place.folder / "request", ["--tls", "none", "--http"]
            request.write_bytes(b"GET /Ringlist.xml HTTP/1.1\r\nHost: bench\r\n\r\n")
        self.load = Load(place, node["address"], node["ports"][self.port], request)
        self.words += ["--at-once", self.at_once]
        self.count = int(self.load.ran("--count", 1000, *self.words)["rate"] * SECONDS)

    def good(self):
        return self.load.ran("--count", self.count, *self.words)

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def good_in_the_crowd(self):
        before = self.open_files()
        with contextlib.ExitStack() as stack:
            stack.enter_context(Drained(self.lab))
            for stage in ("silent", "drip"):
                stack.enter_context(Held(self.load, stage, *self.words, *FROM, count=EACH))
            got = self.good()
            kept = self.open_files() - before
        assert kept > EACH, f"there is no crowd: the server keeps {kept} of it"
        return got | {"kept": kept}

    def run(self, side):
        self.turn += 1
        if self.turn % 2:
            alone, crowd = self.good(), self.good_in_the_crowd()
        else:
            crowd, alone = self.good_in_the_crowd(), self.good()
        failures = alone["failures"] + crowd["failures"]
        assert failures == 0, f"alone {alone}, with the crowd {crowd}"
        return crowd | {"added": crowd["p99"] - alone["p99"], "p99_alone": alone["p99"],
                        "longest_alone": alone["longest"], "rate_alone": alone["rate"],
                        "failures": failures}

    def teardown(self):
        if self.lab is not None:
            self.lab.end_well()
            self.lab.kill()
        self.lab = None


WORKS = [Crowd("tvs", 64, 50), Crowd("http", 256, 50)]
