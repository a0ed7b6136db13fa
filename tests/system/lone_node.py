"""A publisher alone, made once and copied for each test that lets its certificates grow old."""

import shutil

import pytest
from test_expiry import Node

YEARS = 5 * 365


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A publisher with its cluster, ended: whoever copies it need not make one."""
    made = Node(tmp_path_factory.mktemp("template") / "n")
    try:
        made.start().make_cluster().end()
        yield made.folder
    finally:
        made.daemon.kill()


@pytest.fixture
def node(template, tmp_path):
    shutil.copytree(template, tmp_path / "n", ignore=shutil.ignore_patterns("run", "admin"))
    made = Node(tmp_path / "n")
    yield made
    if made.daemon is not None:
        made.daemon.kill()
