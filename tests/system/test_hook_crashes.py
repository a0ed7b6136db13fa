"""A deployer that dies between any two of its writes, or whose call fails: the old files or the new ones, never both."""

import errno
import os
import subprocess

import pytest
from fault_points import COUNT, FAIL, KILL, LIBRARY, Page, points_of
from programs import until
from test_hooks import NGINX, Nginx, shows

EVERY = bool(os.environ.get("DIALTRUST_LONG"))


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    if NGINX is None or not LIBRARY.exists():
        pytest.skip("nginx or the library of fault points is not there")
    made = Nginx(tmp_path_factory.mktemp("c"))
    try:
        made.page = Page(made.folder / "page")
        made.env = {"LD_PRELOAD": str(LIBRARY), "DIALTRUST_FAULT_PAGE": str(made.page.path)}
        made.page.disarm()
        made.start()
        made.found()
        yield made
        assert made.daemon.end() == 0, made.daemon.output
    finally:
        made.end()


def regenerate(nginx):
    ran = nginx.run("cert", "regen", "tomcat", "--node", "alone")
    assert ran.returncode == 0, ran.stderr


def points(nginx):
    nginx.page.arm("deployer", COUNT)
    regenerate(nginx)
    nginx.page.disarm()
    found = points_of(nginx.page.entries(), EVERY)
    assert {"write", "rename", "unlink"} <= {words.split()[0] for _, _, words in found}, found
    return found


def is_a_pair(nginx):
    """The key in place is that of the certificate in place."""
    def public(*words):
        return subprocess.run(["openssl", *words], capture_output=True, check=True).stdout

    tls = nginx.folder / "tls"
    return public("x509", "-in", tls / "cert.pem", "-noout", "-pubkey") == public("pkey", "-in", tls / "key.pem", "-pubout")


def test_killed_anywhere_it_ends_with_the_new_certificate(nginx):
    for role, nth, words in points(nginx):
        nginx.page.arm(role, KILL, nth)
        regenerate(nginx)
        assert nginx.page.fired, words
        nginx.page.disarm()
        until(lambda: nginx.hooks()["web"]["state"] == "held", 60, f"the hook after a kill at {words}")
        assert is_a_pair(nginx), words
        shows(nginx, nginx.own())
        assert nginx.service()["restart_wanted"] is False, words
        assert sorted(nginx.files()) == ["cert.pem", "key.pem"], words
        assert os.listdir(nginx.folder / "state/deploy") == [], words


def test_a_full_disk_anywhere_leaves_one_of_the_two(nginx):
    for role, nth, words in points(nginx):
        if words.startswith("send"):
            continue
        before = nginx.files(), nginx.shown()
        nginx.page.arm(role, FAIL, nth, errno.ENOSPC)
        regenerate(nginx)
        assert nginx.page.fired, words
        nginx.page.disarm()
        state = until(lambda: nginx.hooks()["web"]["state"] in ("held", "failed") and nginx.hooks()["web"], 60, words)
        assert is_a_pair(nginx), words
        if state["state"] == "failed":
            assert nginx.files() == before[0], (words, state)
            shows(nginx, before[1])
            assert nginx.service()["restart_wanted"] is True, words
        else:
            shows(nginx, nginx.own())
            assert nginx.service()["restart_wanted"] is False, words
