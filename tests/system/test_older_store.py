"""A store that was made by an older dialtrust, which knew fewer services."""

import json
import sqlite3

import pytest
from programs import DIALTRUSTD, Program, dialtrust
from test_start import SETTINGS

NEW = {"Cisco Certificate Expiry Monitor", "Cisco Extension Mobility", "Cisco CTL Provider"}


@pytest.fixture
def node(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "store").mkdir()
    any_port = "127.0.10.81:0"
    (tmp_path / "settings").write_text(SETTINGS.format(folder=tmp_path, tftp=any_port, http=any_port, tvs="off"))
    return Daemon(tmp_path)


class Daemon:
    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        self.daemon = Program([DIALTRUSTD, "--settings", self.folder / "settings"])
        self.daemon.wait_for_text("ready: ", 60)
        return self

    def __exit__(self, *_):
        try:
            assert self.daemon.end() == 0, self.daemon.output[-2000:]
        finally:
            self.daemon.kill()

    def json(self, *words):
        ran = dialtrust(*words, "--json", control=self.folder / "admin", timeout=60)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def services(self):
        return {row["service"]: row["activated"] for row in self.json("service", "list")["services"]}

    def sql(self, *statements):
        path = next((self.folder / "store").glob("*.sqlite"))
        with sqlite3.connect(path) as database:
            for statement in statements:
                database.execute(statement)


def test_services_that_are_new_are_added_at_the_next_start(node):
    with node:
        node.json("cluster", "init", "Here", "--node", "alone", "--address", "127.0.10.81", "--organization", "Ex")
        whole = node.services()
        assert whole.keys() >= NEW
        node.json("service", "activate", "Cisco CTIManager", "--node", "alone")
        node.json("service", "deactivate", "Cisco CallManager", "--node", "alone")
        changed = node.services()
        assert changed != whole
    node.sql(*(f"DELETE FROM service WHERE service = '{name}'" for name in NEW))
    with node:
        assert node.services() == changed  # what was there is as it was, what is new as its row says
        rows = node.json("audit", "list")["audit"]
        (row,) = [row for row in rows if row["action"] == "service rows"]
        assert (row["actor"], row["detail"]) == ("manager of alone", "3 new services of alone")
    with node:  # and once is enough
        assert len(node.json("audit", "list")["audit"]) == len(rows)


def test_a_service_that_is_no_more_is_left_alone(node):
    with node:
        node.json("cluster", "init", "Here", "--node", "alone", "--address", "127.0.10.81", "--organization", "Ex")
        before = node.services()
    node.sql("INSERT INTO service VALUES ('Cisco Yesterday', 'alone', 1, 0, 0, 0)")
    with node:
        assert node.services() == before | {"Cisco Yesterday": True}
