"""Operations whose node is killed, or whose calls fail, between any two writes: uploads, requests,
deletions, and those of all nodes at once. Each is afterwards done whole or not at all, and can be done.
By default a few points of each, with --long every one."""

import os

import pytest
from fault_points import FAIL, KILL, Node, Pair, points_of, require_library
from test_csr import Authority
from test_fault_points import failure_of

EVERY = bool(os.environ.get("DIALTRUST_LONG"))
FEW = 1
ROLES = ["manager", "signer", "maker"] + (["admin"] if EVERY else [])
ACTIONS = [KILL, FAIL] if EVERY else [KILL]


class Scene:
    """A node, or two of which one meets its end, and an authority that outlives them."""

    def __init__(self, folder, victim):
        self.authority = Authority(folder / "ca")
        self.folder = folder
        self.node = Node(folder) if victim is None else Pair(folder, victim)

    def chain(self, node):
        for path in (self.authority.root, self.authority.middle):
            node.json("trust", "upload", "TVS-trust", "--certificate", path)

    def signed(self, node, *words):
        self.chain(node)
        asked = node.json("csr", "make", "TVS", *words)
        return self.authority.sign(f"signed{len(words)}", asked["pem"], asked["names"])


def pending(node):
    return sorted((row["node"], row["unit"]) for row in node.json("csr", "list")["requests"])


def issuers(node):
    """Who has signed TVS on each node: all alike, or none."""
    return sorted(
        "Issuing" in node.json("cert", "show", "TVS", "--node", info["name"])["issuer"]
        for info in node.infos)


def stored(node, store):
    rows = node.json("cert", "list", "--unit", store)["certificates"]
    return sorted((row["node"], row["name"]) for row in rows)


class Operation:
    """What is done beforehand, what is done, and what of it can be seen."""

    def __init__(self, name, words, look, before=None, pair=False):
        self.name, self.words, self.look, self.before, self.pair = name, words, look, before, pair


def on_pub(*words):
    return lambda scene: (*words, "--node", "pub")


def upload(name):
    return lambda scene: (
        "cert", "upload", "TVS", "--node", "pub", "--certificate", scene.folder / "ca" / f"{name}.pem")


OPERATIONS = {row.name: row for row in [
    Operation("csr make", on_pub("csr", "make", "tomcat"), pending),
    Operation("cert upload", upload("signed2"), lambda n: (issuers(n), pending(n)),
              before=lambda scene: lambda n: scene.signed(n, "--node", "pub")),
    Operation("csr delete", on_pub("csr", "delete", "TVS"), pending,
              before=lambda scene: lambda n: n.json("csr", "make", "TVS", "--node", "pub")),
    Operation("trust upload",
              lambda scene: ("trust", "upload", "Phone-trust", "--certificate", scene.authority.root),
              lambda n: stored(n, "Phone-trust")),
    Operation("trust delete", lambda scene: ("trust", "delete", "Phone-trust", "Example_Root.pem", "--force"),
              lambda n: (stored(n, "Phone-trust"), len(n.json("trust", "deleted")["deleted"])),
              before=lambda scene: lambda n: n.json(
                  "trust", "upload", "Phone-trust", "--certificate", scene.authority.root)),
    Operation("csr make for all nodes", lambda scene: ("csr", "make", "TVS", "--multi-server"), pending,
              pair=True),
    Operation("cert upload for all nodes", upload("signed1"), lambda n: (issuers(n), pending(n)),
              before=lambda scene: lambda n: scene.signed(n, "--multi-server"), pair=True),
]}
SCENES = {None: [n for n, row in OPERATIONS.items() if not row.pair]}
SCENES |= {role: [n for n, row in OPERATIONS.items() if row.pair] for role in ("publisher", "subscriber")}


@pytest.fixture(scope="module", params=list(SCENES), ids=str)
def scene(request, tmp_path_factory):
    require_library()
    return Scene(tmp_path_factory.mktemp("operations"), request.param)


def begin(scene, operation):
    node = scene.node
    node.keep(operation.before and operation.name.replace(" ", "-"),
              operation.before and operation.before(scene))
    node.restore()
    node.start()
    return node


def act(scene, operation):
    """It may be told that it failed, and is always told something."""
    ran = scene.node.run(*operation.words(scene))
    scene.node.page.disarm()
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    assert ran.returncode == 0 or (ran.stderr.startswith("dialtrust: ") and len(ran.stderr) > 20)
    return ran.returncode == 0


@pytest.fixture(scope="module")
def known(scene):
    """Of each operation: what is seen before and after it, and the points that are passed."""
    found = {}

    def count(operation):
        if operation.name not in found:
            node = begin(scene, operation)
            try:
                before = operation.look(node)
                node.page.arm()
                assert act(scene, operation)
                after = operation.look(node)
                assert after != before
                node.check()
            finally:
                node.stop()
            found[operation.name] = before, after, node.page.entries()
        return found[operation.name]

    return count


def take(scene, operation, point, action, known):
    role, nth, words = point
    before, after, _ = known
    node = begin(scene, operation)
    try:
        node.page.arm(role, action, nth, failure_of(words) if action == FAIL else 0)
        done = act(scene, operation)
        node.check()
        seen = operation.look(node)
        assert seen in (before, after), f"half done: {seen}"
        assert not done or seen == after, "it was said to be done, and is not"
        if seen == before:
            assert act(scene, operation), "it cannot be done afterwards"
            node.check()
        assert operation.look(node) == after
    except (AssertionError, OSError):
        node.daemon.read()
        print(f"{role}, point {nth}: {words}\n{node.daemon.output[-4000:]}")
        raise
    finally:
        node.stop()


def chosen(entries, role):
    points = points_of([entry for entry in entries if entry[0] == role], EVERY)
    step = 1 if EVERY else max(1, len(points) // FEW)
    return points[::step][: None if EVERY else FEW]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: {KILL: "killed", FAIL: "failing"}[action])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_done_whole_or_not_at_all(scene, known, name, role, action):
    operation = OPERATIONS[name]
    if operation.pair != isinstance(scene.node, Pair):
        pytest.skip("of the other scene")
    facts, wrong = known(operation), []
    points = chosen(facts[2], role)
    if role != "maker" and (role, operation.name) not in QUIET:
        assert points or isinstance(scene.node, Pair), f"{role} writes nothing"
    for point in points:
        try:
            take(scene, operation, point, action, facts)
        except (AssertionError, OSError) as error:
            wrong.append(f"{role}, point {point[1]}, {point[2]}: {error}")
    assert not wrong, "\n".join(wrong)


QUIET = {("signer", "trust upload"), ("signer", "trust delete")}  # which need no key
