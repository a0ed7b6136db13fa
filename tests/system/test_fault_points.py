"""A node whose processes are killed, or whose calls or allocations fail, between any two writes of a
regeneration and of the publishing that follows. By default a process is killed at every third point of
one regeneration, one call of each kind fails, and a spread of allocations that is the same each time; with
--long every point, every call and every place of the program that asks for memory, and three units."""

import errno
import os

import pytest
from fault_points import COUNT, FAIL, KILL, Node, points_of, require_library
from programs import descendants

EVERY = bool(os.environ.get("DIALTRUST_LONG"))
UNITS = ["CallManager", "ITLRecovery", "TVS"] if EVERY else ["CallManager"]
# A role, and in how many parts its points are taken.
PARTS = {"manager": 8, "signer": 2, "maker": 2, "tvs": 1, "provision": 1, "admin": 1}
ROWS = [(role, part, parts) for role, parts in PARTS.items() for part in range(parts)]


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
    assert reached * 2 >= len(points), f"{reached} of {len(points)} points were reached"


def points_in(entries, role, part, parts, every=True, step=1):
    return points_of([entry for entry in entries if entry[0] == role], every)[part * step :: parts * step]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role, part, parts", ROWS)
def test_killed_at_each_point(node, entries, unit, role, part, parts):
    take_all(node, unit, points_in(entries(unit), role, part, parts, step=1 if EVERY else 3), KILL)


def failure_of(words):
    """What the system may well answer to such a call."""
    call = words.split()[0]
    if call in ("write", "pwrite", "writev", "create", "mkdir", "ftruncate"):
        return errno.ENOSPC
    return errno.ENOMEM if call in ("sendmsg", "send") else errno.EIO


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("role, part, parts", ROWS if EVERY else [(role, 0, 1) for role in PARTS])
def test_failing_at_each_point(node, entries, unit, role, part, parts):
    take_all(node, unit, points_in(entries(unit), role, part, parts, EVERY), FAIL, failure_of)


# memory

# A role, in how many parts its places are taken, and with --long every how many of them: what tvs and
# provision ask for is mostly for a new start.
STARVED = {"manager": (16, 1), "signer": (8, 1), "maker": (8, 1), "tvs": (4, 8), "provision": (4, 8), "admin": (1, 1)}
SPREAD = 6
STARVED_ROWS = [
    (role, part, parts if EVERY else 1) for role, (parts, _) in STARVED.items()
    for part in range(parts if EVERY else 1)
]


def processes(node):
    return {words[words.index("--process") + 1]: pid
            for pid, words in descendants(node.daemon.pid).items() if "--process" in words}


def without_memory(node, role, action, place=0):
    """One run in which the first allocation of that place of that role fails."""
    node.restore()
    node.start()
    try:
        before = sha256_of(node, "CallManager")
        alive = processes(node)
        node.page.arm(role, action, number=errno.ENOMEM, memory=True, place=place)
        done = regenerate(node, "CallManager")
        node.check()
        assert not done or sha256_of(node, "CallManager") != before
        for name in ("manager", "signer", "admin"):
            assert processes(node)[name] == alive[name], f"{name} died of it"
    except (AssertionError, OSError):
        node.daemon.read()
        print(f"{role}, place {place:016x}\n{node.daemon.output[-4000:]}")
        raise
    finally:
        node.stop()
    return node.page.fired


@pytest.fixture(scope="module")
def places(node):
    """Where each role asks for memory: the number of a place, and whose frames they are."""
    known = {}

    def count(role):
        if role not in known:
            without_memory(node, role, COUNT)
            known[role] = sorted(what for _, _, what in node.page.entries())
            assert len(known[role]) > SPREAD
        return known[role]

    return count


@pytest.mark.parametrize("role, part, parts", STARVED_ROWS)
def test_publishing_without_memory(node, places, role, part, parts):
    """Each place is a stack of calls; its first allocation fails."""
    all_of_it = places(role)
    step = STARVED[role][1] if EVERY else len(all_of_it) // SPREAD
    chosen = all_of_it[::step][part::parts]
    reached, wrong = 0, []
    for words in chosen:
        try:
            reached += without_memory(node, role, FAIL, int(words.split()[0], 16))
        except (AssertionError, OSError) as error:
            wrong.append(f"{role}, {words}: {error}")
    assert not wrong, "\n".join(wrong)
    assert reached * 2 >= len(chosen), f"{reached} of {len(chosen)} places were reached"
