"""A node whose processes are killed, or whose calls fail, between any two writes of a regeneration and
of the publishing that follows. By default one point of each place, with --long every one."""

import errno
import os
import random

import pytest
from fault_points import FAIL, KILL, Node, points_of, require_library
from programs import descendants

EVERY = bool(os.environ.get("DIALTRUST_LONG"))
UNITS = ["CallManager", "ITLRecovery", "TVS"] if EVERY else ["CallManager"]
# A role, and in how many parts its points are taken.
PARTS = [("manager", 8 if EVERY else 2)]
PARTS += [(role, 2 if EVERY else 1) for role in ("signer", "maker", "tvs", "provision", "admin")]
ROWS = [(role, part, parts) for role, parts in PARTS for part in range(parts)]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    require_library()
    return Node(tmp_path_factory.mktemp("points"))


def sha256_of(node, unit):
    return node.json("cert", "show", unit, "--node", "pub")["sha256"]


def regenerate(node, unit):
    """The operation may be told that it failed, and is always told something."""
    ran = node.run("cert", "regen", unit, "--node", "pub")
    node.page.disarm()
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    assert ran.returncode == 0 or ran.stderr.startswith("dialtrust: "), ran.stderr
    assert ran.returncode == 0 or len(ran.stderr) > 20, ran.stderr
    return ran.returncode == 0


@pytest.fixture(scope="module")
def entries(node):
    """What is passed in a run where nothing goes wrong, once for each unit."""
    known = {}

    def count(unit):
        if unit not in known:
            node.restore()
            node.start()
            try:
                before = sha256_of(node, unit)
                node.page.arm()
                assert regenerate(node, unit)
                assert sha256_of(node, unit) != before
                node.check()
            finally:
                node.stop()
            known[unit] = node.page.entries()
            calls = {call for _, call, _ in known[unit]}
            assert calls >= {"create", "write", "fsync", "rename", "pwrite", "sendmsg"}, calls
        return known[unit]

    return count


def take(node, unit, point, action, number=0):
    """One run with that point; true when it was reached."""
    role, nth, words = point
    node.restore()
    node.start()
    try:
        before = sha256_of(node, unit)
        node.page.arm(role, action, nth, number)
        done = regenerate(node, unit)
        node.check()
        assert not done or sha256_of(node, unit) != before, "it was said to be done, and is not"
    except (AssertionError, OSError):
        node.daemon.read()
        print(f"{role}, point {nth}: {words}\n{node.daemon.output[-4000:]}")
        raise
    finally:
        node.stop()
    return node.page.fired


def take_all(node, unit, points, action, number_of=lambda words: 0):
    assert points
    reached, wrong = 0, []
    for role, nth, words in points:
        try:
            reached += take(node, unit, (role, nth, words), action, number_of(words))
        except (AssertionError, OSError) as error:
            wrong.append(f"{role}, point {nth}, {words}: {error}")
    assert not wrong, "\n".join(wrong)
    # The last messages of a run depend on who is faster.
    assert reached * 4 >= len(points) * 3, f"{reached} of {len(points)} points were reached"


def points_in(entries, role, part, parts, neighbours=True):
    own = [entry for entry in entries if entry[0] == role]
    return points_of(own, EVERY, neighbours)[part::parts]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role, part, parts", ROWS)
def test_killed_at_each_point(node, entries, unit, role, part, parts):
    take_all(node, unit, points_in(entries(unit), role, part, parts), KILL)


def failure_of(words):
    """What the system may well answer to such a call."""
    call = words.split()[0]
    if call in ("write", "pwrite", "writev", "create", "mkdir", "ftruncate"):
        return errno.ENOSPC
    return errno.ENOMEM if call in ("sendmsg", "send") else errno.EIO


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role, part, parts", ROWS)
def test_failing_at_each_point(node, entries, unit, role, part, parts):
    points = points_in(entries(unit), role, part, parts, neighbours=False)
    take_all(node, unit, points, FAIL, failure_of)


# memory


def without_memory(node, role, nth):
    """One run in which the nth allocation of that role fails; how many there were."""
    node.restore()
    node.start()
    try:
        before = sha256_of(node, "CallManager")
        alive = processes(node)
        node.page.arm(role, FAIL, nth, errno.ENOMEM, memory=True)
        done = regenerate(node, "CallManager")
        node.check()
        assert not done or sha256_of(node, "CallManager") != before
        for name in ("manager", "signer", "admin"):
            assert processes(node)[name] == alive[name], f"{name} died of it"
    except (AssertionError, OSError):
        node.daemon.read()
        print(f"{role}, allocation {nth}\n{node.daemon.output[-4000:]}")
        raise
    finally:
        node.stop()
    return node.page.count


def processes(node):
    return {words[words.index("--process") + 1]: pid
            for pid, words in descendants(node.daemon.pid).items() if "--process" in words}


@pytest.mark.parametrize("role", ["manager", "signer", "maker"])
def test_publishing_without_memory(node, role):
    """The allocations of a run are too many to take each: a spread of them, another one each time."""
    tries = 100 if EVERY else 6
    count = without_memory(node, role, 0)
    assert count > tries
    wrong = []
    for i in range(tries):
        nth = count * i // tries + random.randrange(max(1, count // tries)) + 1
        try:
            without_memory(node, role, nth)
        except (AssertionError, OSError) as error:
            wrong.append(f"{role}, allocation {nth} of about {count}: {error}")
    assert not wrong, "\n".join(wrong)
