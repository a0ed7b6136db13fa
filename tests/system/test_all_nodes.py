"""One type of certificate regenerated on every node: publisher first, each node a change of its own, and
the first that fails ends it."""

import http.server
import json
import os
import signal
import socketserver
import subprocess
import threading

import pytest
from programs import DIALTRUST, Lab, dialtrust, environment, fetch, until
from signed_file import records, sha256

USAGE, REFUSED, MISSING = 2, 3, 5
NODES = 3


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    running = Lab(tmp_path_factory.mktemp("all") / "state", nodes=NODES, phones=2)
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


def in_order(lab):
    return sorted(lab.nodes, key=lambda name: (lab.nodes[name]["role"] != "publisher", name))


def digests(lab, unit):
    return {name: lab.json("cert", "show", unit, "--node", name)["sha256"] for name in lab.nodes}


def changes_since(lab, change):
    return [row for row in lab.json("audit", "list")["audit"] if row["change"] > change]


@pytest.mark.parametrize("unit", ["tomcat", "CallManager", "TVS"])
def test_every_node_publisher_first(lab, unit):
    before, names = digests(lab, unit), in_order(lab)
    since = lab.json("cluster", "show")["change"]
    told = lab.json("cert", "regen", unit, "--all-nodes", "--years", "2", timeout=200)
    after = digests(lab, unit)
    assert all(after[name] != before[name] for name in names)
    assert [row["node"] for row in told["nodes"]] == names
    assert [row["certificate"]["sha256"] for row in told["nodes"]] == [after[name] for name in names]
    assert (told["unit"], told["message"]) == (unit, f"{unit}: done on 3 nodes: {', '.join(names)}")
    # Each node's is a change of its own, and what it wants of lists is published before the next.
    rows = changes_since(lab, since)
    regenerated = [i for i, row in enumerate(rows) if row["action"] == "cert regen"]
    assert [rows[i]["detail"] for i in regenerated] == [f"{unit} on {name}" for name in names]
    for index, (start, result) in enumerate(zip(regenerated, told["nodes"])):
        end = regenerated[index + 1] if index + 1 < NODES else len(rows)
        published = {row["detail"] for row in rows[start:end] if row["action"] == "list publish"}
        wanted = {f"{row['name']} generation {row['generation']}" for row in result["lists"]}
        assert wanted <= published
        assert wanted or unit == "tomcat"
    for node in lab.info["nodes"] if unit != "tomcat" else ():
        listed = {sha256(record[9]) for record in records(fetch(node, "ITLFile.tlv"))}
        assert after[node["name"]] in listed


def test_what_one_node_alone_has(lab):
    """A unit of the whole cluster is the publisher's."""
    told = lab.json("cert", "regen", "CAPF", "--all-nodes")
    assert [row["node"] for row in told["nodes"]] == [lab.publisher["name"]]
    again = lab.json("cert", "regen", "CAPF", "--node", lab.publisher["name"])
    names = {told["nodes"][0]["certificate"]["subject"], again["certificate"]["subject"]}
    assert len(names) == 2


@pytest.mark.parametrize("words, status, says", [
    (("tomcat", "--all-nodes", "--node", "pub"), USAGE, "say one"),
    (("tomcat",), USAGE, "needs --node"),
    (("cup", "--all-nodes"), REFUSED, "no node of this cluster has a cup certificate"),
    (("tomcat-trust", "--all-nodes"), REFUSED, "tomcat-trust is a trust store"),
    (("tomcaat", "--all-nodes"), MISSING, "there is no unit tomcaat"),
    (("tomcat", "--all-nodes", "--years", "3"), USAGE, "done: none; not done: pub, sub1, sub2"),
    (("CallManager", "--all-nodes", "--key", "RSA-3072"), REFUSED, "no code for RSA-3072"),
    (("CallManager", "--all-nodes", "--key", "RSA-4096"), REFUSED, "--force"),
])
def test_nothing_is_begun(lab, words, status, says):
    before = lab.json("cluster", "show")["change"]
    ran = lab.run("cert", "regen", *words)
    assert (ran.returncode, ran.stdout) == (status, ""), ran.stderr
    assert says in ran.stderr
    assert lab.json("cluster", "show")["change"] == before


def test_it_may_be_repeated_after_it_was_killed(lab):
    """Wherever that was: what is done stands, and the next one does all of them."""
    before, since = digests(lab, "TVS"), lab.json("cluster", "show")["change"]
    work = subprocess.Popen(
        [DIALTRUST, "cert", "regen", "TVS", "--all-nodes"],
        env=environment(DIALTRUST_CONTROL=lab.info["control"]), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    first = f"TVS on {lab.publisher['name']}"
    until(lambda: any(row["detail"] == first for row in changes_since(lab, since)), 60, first)
    os.kill(work.pid, signal.SIGKILL)
    work.wait(60)
    assert lab.json("cert", "show", "TVS", "--node", lab.publisher["name"])["sha256"] != \
        before[lab.publisher["name"]]
    told = lab.json("cert", "regen", "TVS", "--all-nodes", timeout=200)
    assert len(told["nodes"]) == NODES
    lab.settle(60)
    after = digests(lab, "TVS")
    assert all(after[name] != before[name] for name in after)
    for node in lab.info["nodes"]:
        until(lambda node=node: {sha256(r[9]) for r in records(fetch(node, "ITLFile.tlv"))} >=
              set(after.values()), 60, "every TVS certificate in every list")


# a daemon that does as it is told


class Told(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def daemon(tmp_path):
    """Answers `node list` with three nodes, and a regeneration as `daemon.answers` says."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.asked.append(self.path)
            status, told = (200, NODE_LIST) if self.path == "/v1/nodes" else server.answers.pop(0)
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def address_string(self):
            return "unix"

        def log_message(self, *words):
            pass

    server = Told(str(tmp_path / "admin"), Handler)
    server.asked, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


NODE_LIST = {"schema_version": 1, "nodes": [
    {"name": "alpha", "role": "subscriber"}, {"name": "boss", "role": "publisher"},
    {"name": "im", "role": "presence"}, {"name": "zulu", "role": "subscriber"},
]}
FINE = 200, {"schema_version": 1, "message": "done"}


def regenerate(daemon, unit, *words):
    return dialtrust("cert", "regen", unit, "--all-nodes", *words, control=daemon.server_address)


def asked(daemon):
    return [path.split("/")[3] for path in daemon.asked if path != "/v1/nodes"]


def test_the_first_that_fails_ends_it(daemon):
    daemon.answers = [FINE, (409, {"fault": "refused", "error": "the signer is on holiday"}), FINE]
    ran = regenerate(daemon, "tomcat")
    assert (ran.returncode, asked(daemon)) == (REFUSED, ["boss", "alpha"])
    assert "done: boss; not done: alpha, im, zulu; alpha: the signer is on holiday" in ran.stderr


def test_many_nodes_are_counted_where_they_cannot_be_named(daemon, monkeypatch):
    """20 nodes: the sentence names whole ones, and says how many more there are."""
    names = [f"subscriber{number:02}" for number in range(20)]
    monkeypatch.setitem(NODE_LIST, "nodes", [{"name": name, "role": "subscriber"} for name in names])
    daemon.answers = [FINE] * 12 + [(409, {"fault": "refused", "error": "the signer is on holiday"})]
    ran = regenerate(daemon, "tomcat")
    assert (ran.returncode, asked(daemon)) == (REFUSED, names[:13])
    assert (
        "done: subscriber00, subscriber01, subscriber02, subscriber03 and 8 more; not done: subscriber12, "
        "subscriber13, subscriber14, subscriber15 and 4 more; subscriber12: the signer is on holiday"
    ) in ran.stderr


def test_whether_it_was_done_is_known_where_nothing_was_sent(daemon, tmp_path):
    """A daemon that hung up may have done it; one that is not there has not."""
    words = ("cert", "regen", "tomcat", "--node", "boss", "--json")
    ran = dialtrust(*words, control=tmp_path / "nothing")
    assert ran.returncode == 1 and "no daemon's socket" in ran.stderr
    assert "whether it was done" not in ran.stderr
    daemon.answers = []  # it fails to answer, and closes
    ran = dialtrust(*words, control=daemon.server_address)
    assert ran.returncode == 1 and "whether it was done is not known" in ran.stderr
    ran = dialtrust("cert", "show", "tomcat", "--node", "boss", control=daemon.server_address)
    assert ran.returncode == 1 and "whether it was done" not in ran.stderr


def test_the_next_waits_until_the_last_is_served(daemon):
    daemon.answers = [(200, FINE[1] | {"behind": ["zulu"]}), FINE]
    ran = regenerate(daemon, "tomcat", "--json")
    assert (ran.returncode, ran.stdout, asked(daemon)) == (1, "", ["boss"])
    assert "done: boss; not done: alpha, im, zulu; zulu does not serve yet" in ran.stderr


def test_the_last_may_be_behind(daemon):
    daemon.answers = [FINE] * 2 + [(200, FINE[1] | {"behind": ["boss"]})]
    ran = regenerate(daemon, "CallManager")
    assert (ran.returncode, asked(daemon)) == (0, ["boss", "alpha", "zulu"]), ran.stderr
    assert "CallManager: done on 3 nodes: boss, alpha, zulu" in ran.stderr


def test_presence_nodes_alone(daemon):
    daemon.answers = [FINE]
    assert (regenerate(daemon, "cup-xmpp").returncode, asked(daemon)) == (0, ["im"])


def test_what_the_nodes_are_cannot_be_read(daemon, monkeypatch):
    monkeypatch.setitem(NODE_LIST, "nodes", [{"name": "boss", "role": "king"}])
    ran = regenerate(daemon, "tomcat")
    assert ran.returncode == 1
    assert "cannot be read" in ran.stderr
