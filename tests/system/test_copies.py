"""A certificate is kept once: its copies in the stores of many nodes are rows, and no files."""

import sqlite3

from test_csr import Authority
from test_older_store import node  # noqa: F401  a node of its own

NODES = 6


def files_of(folder):
    """Whole files, without what SQLite keeps while it is open."""
    return sum(1 for path in folder.rglob("*")
               if path.is_file() and not path.name.startswith(".") and not path.name.endswith(("-wal", "-shm")))


def rows_of(folder, digest):
    """Of a certificate: how often it is kept, and in how many stores of nodes it is."""
    path = next((folder / "store").glob("*.sqlite"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return tuple(
            database.execute(f"SELECT count(*) FROM {table} WHERE digest = ?", (bytes.fromhex(digest),)).fetchone()[0]
            for table in ("certificate", "entry"))


def test_copies_cost_rows_and_not_files(node, tmp_path):  # noqa: F811
    authority = Authority(tmp_path.parent / f"{tmp_path.name}-ca")
    with node:
        node.json("cluster", "init", "Here", "--node", "alone", "--address", "127.0.10.81", "--organization", "Ex")
        told = node.json("trust", "upload", "tomcat-trust", "--certificate", authority.root)
        digest = told["certificates"][0]["sha256"].lower().replace(":", "")
        assert rows_of(node.folder, digest) == (1, 1)
        before = files_of(node.folder)
        for number in range(1, NODES):
            node.json("node", "add", f"n{number}", "--address", f"127.0.11.{number}", "--https-port", "0")
        assert rows_of(node.folder, digest) == (1, NODES)  # who joins gets the publisher's stores
        # A store whose entries no phone is told of; its answer comes when the snapshot shows them.
        more = node.json("trust", "upload", "Phone-Edge-trust", "--certificate", authority.middle)
        assert rows_of(node.folder, more["certificates"][0]["sha256"].lower().replace(":", "")) == (1, NODES)
        assert files_of(node.folder) <= before
