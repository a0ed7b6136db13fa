"""A node that is stopped, or whose calls fail, at a chosen point; and what must hold afterwards.
tests/faults/fault_points.c counts the points and acts at them."""

import hashlib
import json
import mmap
import os
import re
import shutil
import sqlite3
import struct
import subprocess
from collections import Counter
from pathlib import Path

from programs import BUILD, DIALTRUSTD, Lab, Program, descendants, dialtrust, fetch, until
from signed_file import certificate_of, openssl_verifies, parse, records, sha256

LIBRARY = BUILD / "tests/faults/fault_points.so"
COUNT, KILL, FAIL = range(3)
HEAD = "=IIIIII16sqI4xQ"
CLOCK_AT = 40
ENTRY = "=16s16s96s"
ENTRIES = 8192
NEW, LIVE, RETIRED = 1, 2, 3


class Page:
    """What test and processes share; the layout is fault_points.c's."""

    def __init__(self, path):
        self.path = path
        size = struct.calcsize(HEAD) + ENTRIES * struct.calcsize(ENTRY)
        path.write_bytes(bytes(size))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), size)

    def arm(self, role="", action=COUNT, nth=0, number=0, memory=False, place=0):
        self.disarm()
        head = 0, action, nth, number, 0, 0, role.encode(), self.clock, memory, place
        struct.pack_into(HEAD, self.memory, 0, *head)
        struct.pack_into("=I", self.memory, 0, 1)

    def disarm(self):
        struct.pack_into("=I", self.memory, 0, 0)

    @property
    def fired(self):
        return struct.unpack_from(HEAD, self.memory)[5] != 0

    @property
    def count(self):
        return struct.unpack_from(HEAD, self.memory)[4]

    @property
    def clock(self):
        return struct.unpack_from("=q", self.memory, CLOCK_AT)[0]

    @clock.setter
    def clock(self, seconds):
        """The wall clock of all processes, from now on."""
        struct.pack_into("=q", self.memory, CLOCK_AT, seconds)

    def entries(self):
        """(role, call, what) of every point that was passed, in order."""
        count = self.count
        assert count <= ENTRIES
        start, step = struct.calcsize(HEAD), struct.calcsize(ENTRY)
        return [
            tuple(field.split(b"\0")[0].decode() for field in
                  struct.unpack_from(ENTRY, self.memory, start + i * step))
            for i in range(count)
        ]


def plain(what):
    """The name of a file without what differs each time."""
    return re.sub(r"[0-9a-f]{16,}", "…", what)


def kind(call, what):
    """Calls that are alike, whatever the file is: a new file beside another, a log, a directory."""
    if what.endswith(".new"):
        return call, "new"
    return call, "" if call == "rename" or "." not in what else plain(what)


def points_of(entries, every):
    """(role, n, words) of the points to try: the n-th call of that role. Unless every one is wanted,
    one for each kind of call."""
    seen, known, chosen = Counter(), set(), []
    for role, call, what in entries:
        seen[role] += 1
        place = role, kind(call, what)
        if every or place not in known:
            chosen.append((role, seen[role], f"{call} {plain(what)}"))
        known.add(place)
    return chosen


def started(words, **env):
    """A daemon that serves. Its ports are those of its first start: who else has one now, goes."""

    def attempt():
        program = Program(words, **env)
        try:
            program.wait_for_text("ready: ", 60)
            return program
        except AssertionError:
            program.kill()
            if "is in use by another program" in program.output:
                return None
            raise

    return until(attempt, 60, "a daemon on its ports")


class Node:
    """One node with a phone, which can be put back to where it was."""

    nodes = 1

    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "lab"
        self.page = Page(folder / "page")
        self.daemon = None
        self.kept = "kept"
        lab = Lab(self.state, "--once", nodes=self.nodes, phones=1)
        try:
            lab.wait_until_ready()
            lab.end_well()
        finally:
            lab.kill()
        self.infos = sorted(lab.info["nodes"], key=lambda node: node["role"] != "publisher")
        self.node, self.phone = self.infos[0], lab.info["phones"][0]["name"]
        self.control = lab.info["control"]
        self.start(preload=False)
        try:
            assert self.boot().returncode == 0
        finally:
            self.stop()
        self.copy(self.state, folder / "kept")
        self.copy(folder / "phone", folder / "kept-phone")

    @staticmethod
    def copy(source, target):
        subprocess.run(["cp", "-a", source, target], check=True)

    @property
    def home(self):
        return self.state / self.node["name"]

    def keep(self, name, prepare):
        """From now on restore() brings back the state after `prepare` was done."""
        self.kept = "kept"
        if name is None:
            return
        if not (self.folder / name).exists():
            self.restore()
            self.start(preload=False)
            try:
                prepare(self)
                self.settle()
            finally:
                self.stop()
            self.copy(self.state, self.folder / name)
        self.kept = name

    def restore(self):
        shutil.rmtree(self.state)
        self.copy(self.folder / self.kept, self.state)
        self.restore_phone()

    def restore_phone(self):
        shutil.rmtree(self.folder / "phone")
        self.copy(self.folder / "kept-phone", self.folder / "phone")

    def start(self, preload=True, wrapper=()):
        extra = {"LD_PRELOAD": str(LIBRARY), "DIALTRUST_FAULT_PAGE": str(self.page.path)}
        self.page.disarm()
        self.daemon = started(
            [*wrapper, DIALTRUSTD, "--settings", self.home / "settings"], **(extra if preload else {}))

    def stop(self):
        daemon, self.daemon = self.daemon, None
        try:
            assert daemon.end() == 0, daemon.output[-3000:]
            for words in ("does not end", "Assertion"):
                assert words not in daemon.output, daemon.output[-3000:]
        finally:
            daemon.kill()

    def run(self, *words, timeout=90):
        return dialtrust(*words, control=self.control, timeout=timeout)

    def json(self, *words):
        ran = self.run(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def settle(self):
        """Every process is there and what is wanted is published and served."""

        def settled():
            ran = self.run("list", "status", "--json")
            rows = json.loads(ran.stdout)["lists"] if ran.returncode == 0 else []
            return rows and all(row["wanted"] in (0, row["generation"]) for row in rows) and rows

        rows = until(settled, 60, "publication of the wanted list")
        until(lambda: len(descendants(self.daemon.pid)) == 7, 60, "seven processes")
        return next(row for row in rows if row["node"] == self.node["name"])

    def boot(self):
        if self.daemon is not None:
            self.daemon.read()  # a pipe that nobody empties stops whoever writes into it
        return dialtrust(
            "emulator", "boot", "--name", self.phone, "--server", self.node["address"],
            "--tftp", self.node["ports"]["tftp"], "--http", self.node["ports"]["http"],
            "--state", self.folder / "phone",
        )

    # what must hold

    def check(self):
        """One consistent state, nothing half made, the phone unharmed."""
        row = self.settle()

        def served():
            return sha256(fetch(self.node, "ITLFile.tlv")) == row["sha256"]

        until(served, 60, "the published list to be served")
        self.check_list(row)
        self.check_keys()
        self.check_snapshot()
        until(lambda: not self.half_made(), 60, f"removal of {self.half_made()}")
        ran = self.run("audit", "list")
        assert ran.returncode == 0, ran.stderr
        self.check_phone()

    def check_phone(self):
        """It may meet a service that is just about to restart: it boots again."""
        said = []

        def well():
            ran = self.boot()
            said.append(ran.stdout + ran.stderr)
            return ran.returncode == 0

        try:
            until(well, 60, "a phone's good boot")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{said[-1]}") from None

    def half_made(self):
        return [
            path for path in self.home.rglob(".*") if path.name.endswith((".new", ".half", ".tmp"))
        ]

    def check_list(self, row):
        data = fetch(self.node, "ITLFile.tlv")
        assert openssl_verifies(data, certificate_of(data, parse(data).signer), self.folder)
        listed = {sha256(record[9]) for record in records(data)}
        for unit in ("CallManager", "TVS", "ITLRecovery"):
            shown = self.json("cert", "show", unit, "--node", self.node["name"])
            assert shown["sha256"].lower().replace(":", "") in listed, unit
        assert row["sha256"] == sha256(data)

    def database(self):
        path = next(self.state.rglob("*.sqlite"))
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def key_states(self, node=None):
        """Name of each key of a node's signer: (unit, state)."""
        found = {}
        for path in (self.state / (node or self.node["name"]) / "keys").glob("*/state"):
            data, values = path.read_bytes(), {}
            while data:
                size = int.from_bytes(data[1:3], "big")
                values[data[0]], data = data[3 : 3 + size], data[3 + size :]
            found[path.parent.name] = values[1].rstrip(b"\0").decode(), values[2][0]
            assert (path.parent / "key.der").stat().st_size > 100
        return found

    def check_keys(self):
        with self.database() as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for node in self.infos:
            self.check_keys_of(node["name"])

    def check_keys_of(self, node):
        def rows_of(select):
            with self.database() as database:
                return database.execute(f"{select} WHERE node = ?", (node,)).fetchall()

        def agreed():
            rows = rows_of("SELECT unit, key_name, retired FROM identity")
            keys = self.key_states(node)
            asked = [name.hex() for (name,) in rows_of("SELECT key_name FROM csr")]
            if rows_of("SELECT unit FROM sealed_key") or any(keys.get(name, ("", 0))[1] != NEW for name in asked):
                return False
            live = Counter(unit for unit, state in keys.values() if state == LIVE)
            for unit, name, retired in rows:
                state = keys.get(name.hex(), (unit, RETIRED if retired else None))
                if state != (unit, RETIRED if retired else LIVE):
                    return False
            named = {name.hex() for _, name, _ in rows}
            strays = [keys[name] for name in keys.keys() - named]
            return set(live.values()) == {1} and all(state == NEW for _, state in strays)

        until(agreed, 60, f"agreement between the keys of {node} and their rows")

    def check_snapshot(self):
        data = (self.home / "snapshot/index").read_bytes()
        assert hashlib.sha256(data[:-32]).digest() == data[-32:]
        for path in (self.home / "snapshot/objects").iterdir():
            if not path.name.startswith("."):
                assert sha256(path.read_bytes()) == path.name


class Pair(Node):
    """Two nodes, of which one is stopped at its points; the other one is left alone."""

    nodes = 2

    def __init__(self, folder, victim):
        self.victim, self.other = victim, None
        super().__init__(folder)

    def start(self, preload=True, wrapper=()):
        chosen = next(node for node in self.infos if node["role"] == self.victim)
        rest = next(node for node in self.infos if node is not chosen)
        self.other = started([DIALTRUSTD, "--settings", self.state / rest["name"] / "settings"])
        self.victim_home = self.state / chosen["name"]
        super().start(preload, wrapper)

    @property
    def home(self):
        return getattr(self, "victim_home", None) or super().home

    def stop(self):
        other, self.other = self.other, None
        try:
            super().stop()
        finally:
            if other is not None:
                try:
                    assert other.end() == 0, other.output[-3000:]
                finally:
                    other.kill()


def require_library():
    import pytest

    if "asan" in BUILD.name:
        pytest.skip("a preloaded library and AddressSanitizer do not go together")
    if not LIBRARY.exists():
        pytest.skip(f"{LIBRARY} is not built")
    return Path(os.fspath(LIBRARY))
