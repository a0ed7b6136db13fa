"""A disk that is full or may not be written, a clock that jumps by ten years, no descriptors left: phones
are served all the while, operators are told why not, and afterwards all is well without a hand."""

import ctypes
import errno
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from fault_points import Node, require_library
from programs import DIALTRUST, descendants, environment, fetch, until

CLONE_NEWNS = 0x20000
YEARS = 10 * 365 * 86400


class Places:
    """Small file systems, in a mount namespace that nobody else sees."""

    def __init__(self):
        self.mounted = []

    def mount(self, path, *options):
        words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(path)]
        subprocess.run(words, check=True, capture_output=True)
        self.mounted.append(path)

    def remount(self, path, *options):
        words = ["mount", "-o", ",".join(["remount", *options]), str(path)]
        subprocess.run(words, check=True, capture_output=True)

    def end(self):
        for path in reversed(self.mounted):
            subprocess.run(["umount", "-l", str(path)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def places():
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS) != 0:
        pytest.skip("no mount namespace of its own: not root, or not allowed")
    if subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode != 0:
        pytest.skip("mounts of its own are not allowed here")
    return Places


@pytest.fixture(scope="module")
def node():
    folder = Path(tempfile.mkdtemp(prefix="dt-", dir="/tmp"))
    yield Node(folder)
    shutil.rmtree(folder)


@pytest.fixture
def running(node):
    """The node as it was at first, with its daemon."""
    node.restore()
    node.start(preload=False)
    yield node
    if node.daemon is not None:
        node.stop()


def processes(node):
    return {words[words.index("--process") + 1]: pid
            for pid, words in descendants(node.daemon.pid).items() if "--process" in words}


def refused(node, *words):
    """An operation that cannot be done, and is told so in a sentence."""
    ran = node.run("cert", "regen", "CallManager", "--node", "pub")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert any(word in ran.stderr for word in words), ran.stderr
    return ran.stderr


def regenerated(node):
    return node.run("cert", "regen", "CallManager", "--node", "pub").returncode == 0


def begin(node):
    """A regeneration that may take long."""
    return subprocess.Popen(
        [DIALTRUST, "cert", "regen", "CallManager", "--node", "pub"],
        env=environment(DIALTRUST_CONTROL=node.control),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )


def phones_are_served(node):
    assert node.boot().returncode == 0
    assert fetch(node.node, "ITLFile.tlv")


def fill(path):
    """Leaves not one block."""
    with open(path, "wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC
                size //= 2


def kill(node, name):
    pid = processes(node)[name]
    os.kill(pid, signal.SIGKILL)
    until(lambda: processes(node).get(name, pid) != pid, 30, f"the restart of {name}")


# disk


@pytest.fixture
def small(node, places):
    """The node's state and its store on a small file system."""
    disk = places()
    shutil.rmtree(node.state)
    node.state.mkdir()
    try:
        disk.mount(node.state, "size=24m", "mode=755")
        subprocess.run(["cp", "-a", f"{node.folder}/kept/.", node.state], check=True)
        node.restore_phone()
        yield disk
    finally:
        if node.daemon is not None:
            node.daemon.kill()
            node.daemon = None
        disk.end()


def test_a_full_disk(node, small):
    node.start(preload=False)
    fill(node.state / "ballast")
    before = processes(node)
    refused(node, "No space left", "disk is full")
    phones_are_served(node)
    kill(node, "provision")
    kill(node, "tvs")
    phones_are_served(node)
    until(lambda: processes(node).keys() == before.keys(), 30, "seven processes")
    assert processes(node)["manager"] == before["manager"]
    (node.state / "ballast").unlink()
    until(lambda: regenerated(node), 30, "a regeneration once there is room")
    node.check()
    node.stop()


def test_a_disk_that_is_full_while_the_manager_starts(node, small):
    node.start(preload=False)
    fill(node.state / "ballast")
    kill(node, "signer")
    os.kill(processes(node)["manager"], signal.SIGKILL)
    phones_are_served(node)
    (node.state / "ballast").unlink()
    until(lambda: node.run("list", "status").returncode == 0, 60, "the manager")
    until(lambda: regenerated(node), 30, "a regeneration once there is room")
    node.check()
    node.stop()


def test_keys_that_may_not_be_written(node, places):
    node.restore()
    disk, keys = places(), node.home / "keys"
    try:
        disk.mount(keys, "mode=700")
        subprocess.run(["cp", "-a", f"{node.folder}/kept/{node.node['name']}/keys/.", keys], check=True)
        node.start(preload=False)
        disk.remount(keys, "ro")
        assert "Read-only file system" in refused(node, "Read-only")
        phones_are_served(node)
        disk.remount(keys, "rw")
        until(lambda: regenerated(node), 30, "a regeneration once keys can be written")
        node.check()
        node.stop()
    finally:
        if node.daemon is not None:
            node.daemon.kill()
            node.daemon = None
        disk.end()


def test_a_snapshot_that_may_not_be_written(node, places):
    """The list is published in the database; it is served once the snapshot can be written."""
    node.restore()
    disk, snapshot = places(), node.home / "snapshot"
    try:
        disk.mount(snapshot, "mode=755")
        source = f"{node.folder}/kept/{node.node['name']}/snapshot/."
        subprocess.run(["cp", "-a", source, snapshot], check=True)
        node.start(preload=False)
        before = fetch(node.node, "ITLFile.tlv")
        disk.remount(snapshot, "ro")
        work = begin(node)
        node.daemon.wait_for_text("Read-only file system", 30)
        phones_are_served(node)
        assert fetch(node.node, "ITLFile.tlv") == before
        disk.remount(snapshot, "rw")
        until(lambda: fetch(node.node, "ITLFile.tlv") != before, 30, "the new list")
        said = work.communicate(timeout=120)[0].decode()
        assert work.returncode == 0, said
        node.check()
        node.stop()
    finally:
        if node.daemon is not None:
            node.daemon.kill()
            node.daemon = None
        disk.end()


def test_a_store_that_may_not_be_written(node, places):
    """At the start, where nothing is served yet, one sentence; then it starts as ever."""
    from test_start import refused_to_start

    node.restore()
    disk, store = places(), node.state / "store"
    try:
        disk.mount(store, "mode=755")
        subprocess.run(["cp", "-a", f"{node.folder}/kept/store/.", store], check=True)
        disk.remount(store, "ro")
        said = refused_to_start("--settings", node.home / "settings")
        assert "cluster.sqlite" in said, said
        disk.remount(store, "rw")
        node.start(preload=False)
        assert regenerated(node)
        node.check()
        node.stop()
    finally:
        if node.daemon is not None:
            node.daemon.kill()
            node.daemon = None
        disk.end()


# clock


@pytest.fixture
def jumping(node):
    require_library()
    node.restore()
    node.start()
    yield node
    node.page.clock = 0
    if node.daemon is not None:
        node.stop()


@pytest.mark.parametrize("jumps", [[YEARS], [-YEARS], [YEARS, -YEARS], [-YEARS, YEARS]])
def test_the_clock_jumps(jumping, jumps):
    """Under processes that run. Each list is later than the one before, whatever the clock says."""
    node = jumping
    stamps = [node.settle()["timestamp"]]
    for seconds in jumps:
        node.page.clock = seconds
        before = processes(node)
        phones_are_served(node)
        assert regenerated(node), node.daemon.output[-2000:]
        stamps.append(node.settle()["timestamp"])
        node.check()
        after = processes(node)
        for name in ("signer", "manager", "admin"):
            assert after[name] == before[name], f"{name} did not live through it"
    node.page.clock = 0
    assert regenerated(node)
    stamps.append(node.settle()["timestamp"])
    node.check()
    assert stamps == sorted(set(stamps)), stamps


def test_it_starts_at_another_time(node):
    """Ten years later every certificate but those of the list's signer has expired: phones that check no
    dates go on, and one regeneration after the other makes all of it good."""
    require_library()
    node.restore()
    try:
        for seconds in (YEARS, -YEARS, 0):
            node.page.clock = seconds
            node.start()
            phones_are_served(node)
            assert regenerated(node)
            node.check()
            node.stop()
    finally:
        node.page.clock = 0
        if node.daemon is not None:
            node.daemon.kill()
            node.daemon = None


# descriptors


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class NoDescriptors:
    """A process that has as many as it may have."""

    def __init__(self, pid, more=0):
        self.pid = pid
        self.limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + more, self.limit[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.limit)


@pytest.mark.parametrize("name", ["signer", "manager"])
def test_without_descriptors_work_waits(running, name):
    """What cannot be done is told; what was begun is finished later."""
    node = running
    phones_are_served(node)
    pid = processes(node)[name]
    with NoDescriptors(pid):
        work = begin(node)
        node.daemon.wait_for_text("Too many open files", 30)
        phones_are_served(node)
    said = work.communicate(timeout=120)[0].decode()
    assert work.returncode == 0 or "Too many open files" in said, said
    assert processes(node)[name] == pid
    until(lambda: regenerated(node), 60, "a regeneration with descriptors")
    node.check()


@pytest.mark.parametrize("name, port", [("provision", "http"), ("provision", "https"), ("tvs", "tvs")])
def test_more_connections_than_descriptors(running, name, port):
    node = running
    pid = processes(node)[name]
    used = descriptors(pid)
    where = node.node["address"], node.node["ports"][port]
    with NoDescriptors(pid, more=4):
        held = []
        for last in range(16):
            one = socket.create_connection(where, 30, source_address=(f"127.16.7.{last + 1}", 0))
            held.append(one)
        until(lambda: descriptors(pid) >= used + 4, 20, "the last descriptor")
        for one in held:
            one.close()
        until(lambda: descriptors(pid) <= used + 1, 30, "closing of what has ended")
        phones_are_served(node)
    assert processes(node)[name] == pid
    node.check()
