"""Certificates near their end: what is due, and who is told of it."""

import pytest
from programs import DIALTRUSTD, Program, dialtrust
from test_start import SETTINGS

DAY = 86400
FINE, USAGE, MISSING = 0, 2, 5


class Node:
    """A publisher alone, whose clock and settings a test may choose anew at each start."""

    def __init__(self, folder):
        self.folder, self.daemon = folder, None
        for name in ("root", "store"):
            (folder / name).mkdir(parents=True)

    def start(self, days=0, extra=""):
        any_port = "127.0.10.79:0"
        text = SETTINGS.format(folder=self.folder, tftp=any_port, http=any_port, tvs=any_port)
        text = text.replace("[admin]", f"clock-offset = {int(days * DAY)}\n[admin]")
        (self.folder / "settings").write_text(text + extra)
        self.daemon = Program([DIALTRUSTD, "--settings", self.folder / "settings"])
        self.daemon.wait_for_text("ready: ", 60)
        return self

    def end(self):
        assert self.daemon.end() == 0, self.daemon.output

    def run(self, *words):
        return dialtrust(*words, control=self.folder / "admin", timeout=60)

    def json(self, *words):
        import json

        ran = self.run(*words, "--json")
        assert ran.returncode == FINE, ran.stderr
        return json.loads(ran.stdout)

    def make_cluster(self):
        self.json("cluster", "init", "Here", "--node", "alone", "--address", "127.0.10.79",
                  "--organization", "Ex", "--tftp-port", "0", "--http-port", "0", "--https-port", "0",
                  "--tvs-port", "0")
        return self


@pytest.fixture
def node(tmp_path):
    made = Node(tmp_path / "n")
    yield made
    if made.daemon is not None:
        made.daemon.kill()


def use_of(node, unit):
    rows = node.json("expiry", "list", "--all")["certificates"]
    return next(row["use"] for row in rows if row["unit"] == unit)


def test_what_is_due_at_a_day(node):
    node.start().make_cluster()
    assert node.json("expiry", "list")["certificates"] == []
    assert use_of(node, "TVS") == "serving"
    everything = node.json("expiry", "list", "--all")["certificates"]
    assert len(everything) == len(node.json("cert", "list")["certificates"])
    assert {row["alarm"] for row in everything} == {None}
    tvs = next(row for row in everything if row["unit"] == "TVS")
    assert next(row for row in everything if row["unit"] == "CAPF")["use"] == "idle"
    assert {row["use"] for row in everything if row["unit"] == "tomcat-trust"} <= {"vouching", "idle"}
    day = tvs["renew_from"][:10]
    assert not [row for row in node.json("expiry", "list", "--at", day)["certificates"] if row["alarm"]]
    due = node.json("expiry", "list", "--at", tvs["renew_from"])["certificates"]
    assert {row["alarm"] for row in due if row["unit"] == "TVS"} == {"CertValidLessThanMonth"}
    late = node.json("expiry", "list", "--at", "2999-01-01")["certificates"]
    assert {(row["alarm"], row["severity"]) for row in late} == {("CertExpired", 0)}
    assert [row["not_after"] for row in late] == sorted(row["not_after"] for row in late)
    assert node.run("parameter", "set", "Notification Start Time", "60").returncode == FINE
    assert node.json("expiry", "list", "--at", day)["certificates"][0]["alarm"] == "CertValidityOver30Days"
    assert node.run("parameter", "set", "Era", "A").returncode == FINE
    late = node.json("expiry", "list", "--at", "2999-01-01")["certificates"]
    assert {row["alarm"] for row in late} == {"CertValidfor7days"}
    for wrong in ("soon", "2027-02-30", "2027-3-1", "2027-03-01 25:00:00Z", ""):
        assert node.run("expiry", "list", "--at", wrong).returncode == USAGE, wrong
    assert node.run("expiry", "list", "--node", "nobody").returncode == MISSING
    for wrong in ("0", "3651", "30 days", "-1"):
        assert node.run("parameter", "set", "Notification Start Time", wrong).returncode == USAGE
    node.end()
