"""The programs under test, started and stopped by their process ids."""

import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("DIALTRUST_BUILD", TOP / "build")).resolve()
DIALTRUST = BUILD / "src/bin/dialtrust"
DIALTRUSTD = BUILD / "src/bin/dialtrustd"
VECTORS = TOP.parent / "shared/data"
SLOWER = 6 if "asan" in BUILD.name else 3  # how much longer than here a step may take elsewhere


def environment(**more):
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8"}
    for name, value in os.environ.items():
        if name.startswith(("ASAN_", "UBSAN_", "LSAN_")):
            clean[name] = value
    return clean | more


def dialtrust(*words, control=None, given=None, cwd=None, timeout=30, **more):
    """Runs the CLI to its end; returncode, stdout and stderr as text."""
    env = environment(**more)
    if control is not None:
        env["DIALTRUST_CONTROL"] = str(control)
    return subprocess.run(
        [DIALTRUST, *map(str, words)], env=env, cwd=cwd, input=given, timeout=timeout * SLOWER,
        capture_output=True, text=not isinstance(given, bytes), errors=None, check=False,
    )


def children(pid):
    """Process ids of the direct children, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        if parent == pid:
            found[int(entry.name)] = [word.decode() for word in words if word]
    return found


def descendants(pid):
    found = {}
    for child, words in children(pid).items():
        found[child] = words
        found |= descendants(child)
    return found


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def until(question, seconds=20, what="what was waited for"):
    """Asks until the answer is true; the only place where tests wait for something unannounced."""
    deadline = time.monotonic() + seconds * SLOWER
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)


class Program:
    """A program that goes on; its output is kept, line by line, from both of its ends."""

    def __init__(self, words, cwd=None, **env):
        self.process = subprocess.Popen(
            [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd,
            stdin=subprocess.DEVNULL, env=environment(**env), start_new_session=True,
        )
        self.output = ""
        os.set_blocking(self.process.stdout.fileno(), False)

    @property
    def pid(self):
        return self.process.pid

    def read(self, seconds=0.0):
        """Takes what it has said; waits up to `seconds` for something. False: it closed its end."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return True
        piece = self.process.stdout.read()
        self.output += (piece or b"").decode(errors="replace")
        return bool(piece)

    def wait_for(self, question, seconds, what):
        deadline = time.monotonic() + seconds * SLOWER
        while not question():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{self.output}"
            if not self.read(0.1) and not question():
                self.process.wait(10)
                raise AssertionError(f"{what}: it ended ({self.process.returncode})\n{self.output}")

    def wait_for_text(self, text, seconds=20, since=0):
        self.wait_for(lambda: text in self.output[since:], seconds, f"the words {text!r}")

    def end(self, number=signal.SIGTERM, seconds=20):
        """Asks it to end, waits, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        deadline = time.monotonic() + seconds * SLOWER
        while self.read(0.1):
            assert time.monotonic() < deadline, f"it does not end\n{self.output}"
        return self.process.wait(seconds * SLOWER)

    def kill(self):
        """For clean-up: whatever it started ends too, each by its own process id."""
        for pid in [*descendants(self.pid), self.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)
        self.process.stdout.close()


class Lab(Program):
    def __init__(self, state, *words, nodes=2, phones=5, **env):
        self.state = Path(state)
        super().__init__(
            [DIALTRUST, "lab", "--nodes", nodes, "--phones", phones, "--state", self.state, *words],
            **env,
        )
        self.info = {}

    def wait_until_ready(self, seconds=150):
        def ready():
            return (self.state / "lab.json").exists()

        self.wait_for(ready, seconds, "lab.json")
        self.info = json.loads((self.state / "lab.json").read_text())
        return self

    @property
    def nodes(self):
        return {node["name"]: node for node in self.info["nodes"]}

    @property
    def publisher(self):
        return next(node for node in self.info["nodes"] if node["role"] == "publisher")

    @property
    def subscriber(self):
        return next(node for node in self.info["nodes"] if node["role"] == "subscriber")

    def run(self, *words, **more):
        return dialtrust(*words, control=self.info["control"], **more)

    def json(self, *words, **more):
        ran = self.run(*words, "--json", **more)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def lists(self):
        return {row["node"]: row for row in self.json("list", "status")["lists"]}

    def log(self, node):
        """What a node's daemon has said."""
        return (self.state / node["name"] / "log").read_text(errors="replace")

    def lines_about(self, node, peer, since=0, seconds=20):
        """The lines of its log that name a peer, once there is one."""

        def lines():
            return [line for line in self.log(node)[since:].splitlines() if peer in line]

        return until(lines, seconds, f"a line in the log of {node['name']} that names {peer}")

    def end_well(self):
        """Ends, with status 0 and without a sanitizer's word in any log."""
        assert self.end() == 0, self.output[-2000:]
        for log in self.state.glob("*/log"):
            text = log.read_text(errors="replace")
            for words in ("Sanitizer", "runtime error:", "Assertion", "does not end"):
                assert words not in text, f"{log}: {text[max(0, text.index(words) - 500):][:3000]}"

    def settle(self, seconds=30):
        """Waits until every list that is wanted is published."""
        until(
            lambda: all(row["wanted"] in (0, row["generation"]) for row in self.lists().values()),
            seconds, "publication of the wanted lists",
        )


def curl(url, *words, timeout=20):
    ran = subprocess.run(
        ["curl", "-sS", "--max-time", str(timeout * SLOWER), *words, url],
        env=environment(), capture_output=True, timeout=timeout * SLOWER + 10, check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr.decode()


def http(node, name, *words):
    """GET from a node's HTTP port: status and body."""
    status, out, said = curl(
        f"http://{node['address']}:{node['ports']['http']}/{name}", "-w", "%{stderr}%{http_code}", *words
    )
    assert status == 0, said
    return int(said[-3:]), out


def fetch(node, name):
    status, body = http(node, name)
    assert status == 200, f"{name}: {status}"
    return body
