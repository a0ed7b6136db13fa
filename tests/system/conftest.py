"""A lab for the whole run, a deadline for every test."""

import os
import signal

import pytest
from programs import BUILD, DIALTRUST, SLOWER, VECTORS, Lab, subprocess

DEADLINE = 1200 if os.environ.get("DIALTRUST_LONG") else 240


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    def late(_number, _frame):
        raise TimeoutError(f"{item.nodeid} took more than {DEADLINE * SLOWER} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(DEADLINE * SLOWER)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pytest_collection_modifyitems(items):
    if not os.environ.get("DIALTRUST_LONG"):
        skip = pytest.mark.skip(reason="only with ./dev test --long")
        for item in items:
            if "long" in item.keywords:
                item.add_marker(skip)


def pytest_report_header():
    return f"programs under test: {BUILD}"


@pytest.fixture(scope="session", autouse=True)
def built():
    assert DIALTRUST.exists(), f"{DIALTRUST} is not built: ./dev build"


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """One cluster with phones, kept for the whole run. Tests leave it in working order."""
    running = Lab(tmp_path_factory.mktemp("lab") / "state")
    try:
        yield running.wait_until_ready()
        running.end_well()
    finally:
        running.kill()


@pytest.fixture
def own_lab(tmp_path):
    """Labs that a test may break."""
    started = []

    def start(*words, **more):
        started.append(Lab(tmp_path / f"lab{len(started)}", *words, **more))
        return started[-1].wait_until_ready()

    yield start
    try:
        for running in started:
            running.end_well()
    finally:
        for running in started:
            running.kill()


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """`dialtrust lab --once`, run to its end."""
    state = tmp_path_factory.mktemp("once") / "state"
    running = subprocess.run(
        [DIALTRUST, "lab", "--once", "--nodes", "2", "--phones", "5", "--state", state],
        capture_output=True, text=True, timeout=200 * SLOWER, check=False, stdin=subprocess.DEVNULL,
    )
    running.state = state
    return running


@pytest.fixture(scope="session")
def vectors():
    if not VECTORS.is_dir():
        pytest.skip("../shared/data is absent")
    return VECTORS
