"""The frame of ./dev bench: what is a valid count, how figures are judged, what is written down."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))

from benchmark import notes  # noqa: E402
from benchmark.figure import AT_LEAST, AT_MOST, BEST, Figure, judge  # noqa: E402
from benchmark.measure import TRIES, apart, measure  # noqa: E402
from benchmark.peers import PROGRAMS, Peers  # noqa: E402
from benchmark.work import Work  # noqa: E402
from benchmark.works import WORKS  # noqa: E402


class Small(Work):
    name = "small"
    does = "nothing"
    sides = ("ours", "one", "two")
    figures = (Figure("rate", "rate", AT_LEAST, 0.85, "/s", beside="one"),)
    counts = 3

    def __init__(self):
        self.order, self.ended = [], False

    def run(self, side):
        self.order.append(side)
        return {"rate": {"ours": 90.0, "one": 100.0, "two": 45.0}[side], "cost": len(side)}

    def teardown(self):
        self.ended = True


class Nowhere:
    peers = Peers("/nonexistent")

    @contextlib.contextmanager
    def alone(self):
        yield


def counts(*ours):
    return [{"ours": {"q": value}, "one": {"q": 10.0}, "two": {"q": 20.0}} for value in ours]


def test_the_median_of_the_pairs_counts_and_not_its_extremes():
    outcome = judge(Figure("", "q", AT_LEAST, 0.85, beside="one"), counts(1, 9, 100, 8, 10))
    assert (outcome.value, outcome.least, outcome.most, outcome.verdict) == (0.9, 0.1, 10, "met")


@pytest.mark.parametrize("value, direction, verdict", [
    (0.8499, AT_LEAST, "missed"), (0.85, AT_LEAST, "met"), (0.8501, AT_LEAST, "met"),
    (0.8499, AT_MOST, "met"), (0.85, AT_MOST, "met"), (0.8501, AT_MOST, "missed"),
])
def test_a_figure_is_held_to_its_target(value, direction, verdict):
    outcome = judge(Figure("", "q", direction, 0.85, "s"), counts(value))
    assert (outcome.theirs, outcome.verdict) == (None, verdict)


def test_the_best_is_the_greatest_or_the_least_by_direction():
    most = judge(Figure("", "q", AT_LEAST, 1, beside=BEST), counts(20))
    least = judge(Figure("", "q", AT_MOST, 1, beside=BEST), counts(20))
    assert (most.best, most.value, least.best, least.value) == ("two", 1, "one", 2)


def test_sides_take_turns_in_being_first():
    work = Small()
    measured = measure(work, Nowhere(), lambda: 100)
    assert measured.complete and work.ended and len(measured.calibrations) == 6
    assert work.order == [*work.sides, *reversed(work.sides), *work.sides]


def test_a_count_between_unequal_calibrations_is_dropped_and_repeated():
    rates = iter([100, 84, 100, 86, 100, 100, 86, 100])
    measured = measure(Small(), Nowhere(), lambda: next(rates))
    assert (measured.dropped, len(measured.counts), measured.complete) == (1, 3, True)


def test_a_machine_that_never_rests_is_told_and_not_measured_for_ever():
    rates = iter([100, 50] * TRIES * Small.counts)
    measured = measure(Small(), Nowhere(), lambda: next(rates))
    assert not measured.complete and "disturbed: 9 counts dropped" in measured.problem


def test_calibrations_are_apart_by_their_greater():
    assert apart(100, 85) <= 0.15 < apart(84.9, 100)


def test_a_missing_peer_is_named():
    work = Small()
    work.peers = ("nginx", "atftpd")
    measured = measure(work, Peerless(), lambda: 100)
    assert "missing peer: nginx, atftpd" in measured.problem and not work.order


class Peerless(Nowhere):
    class peers:
        @staticmethod
        def missing(packages):
            return list(packages)


def test_what_fails_in_a_run_is_told_and_its_servers_are_ended():
    work = Small()
    work.run = lambda side: subprocess.run(["/usr/bin/false"], check=True)
    measured = measure(work, Nowhere(), lambda: 100)
    assert "false" in measured.problem and work.ended and not measured.complete


def test_what_was_measured_is_written_beside_its_target(tmp_path, monkeypatch):
    monkeypatch.setattr(notes, "NOTES", tmp_path / "measurements.md")
    notes.append([measure(Small(), Nowhere(), lambda: 100)])
    text = notes.NOTES.read_text()
    assert "| small | rate | 90 /s | one: 100 /s | 0.90 | 0.90–0.90 | ≥ 0.85 | met |" in text
    assert "cores, Linux" in text and "100 RSA-2048 signatures/s" in text


def test_every_row_has_what_the_frame_needs():
    names = [work.name for work in WORKS]
    assert len(set(names)) == len(names)
    for work in WORKS:
        assert work.does and work.figures and work.sides[0] == "ours", work.name
        assert set(work.peers) <= set(PROGRAMS), work.name
        for figure in work.figures:
            assert figure.beside in (None, BEST, *work.sides[1:]), (work.name, figure.means)
            assert figure.target is None or figure.direction in (AT_LEAST, AT_MOST), work.name


def test_the_list_names_every_row():
    ran = subprocess.run([TOP / "tools/bench", "--list"], capture_output=True, text=True, check=False)
    assert [line.split()[0] for line in ran.stdout.splitlines()] == [work.name for work in WORKS]


def test_an_unknown_row_is_refused():
    ran = subprocess.run([TOP / "tools/bench", "no-such"], capture_output=True, text=True, check=False)
    assert ran.returncode != 0 and "no-such" in ran.stderr
