"""Counts one row of work: calibration, every side, calibration, until enough counts are valid."""

import subprocess
from dataclasses import dataclass, field

APART = 0.15  # calibrations of one count that differ by more tell of a disturbed machine
TRIES = 3  # times the counts that are wanted
CALIBRATION_SECONDS = 0.3


@dataclass
class Measured:
    work: object
    counts: list = field(default_factory=list)
    dropped: int = 0
    calibrations: list = field(default_factory=list)
    problem: str = ""

    @property
    def complete(self):
        return not self.problem and len(self.counts) >= self.work.counts


class Calibration:
    """A loop of RSA-2048 signatures: how many a second the machine makes just now."""

    def __init__(self, place):
        self.words = [place.load("calibrate"), place.build / "calibration.key"]

    def rate(self, seconds=CALIBRATION_SECONDS):
        """Of the wall clock, and of processor time."""
        ran = subprocess.run([*self.words, str(seconds)], capture_output=True, text=True, check=True)
        wall, processor = ran.stdout.split()
        return float(wall), float(processor)

    def __call__(self):
        return self.rate()[0]


def apart(before, after):
    return abs(before - after) / max(before, after)


def count_once(work, turn):
    sides = work.sides if turn % 2 == 0 else tuple(reversed(work.sides))
    return {side: work.run(side) for side in sides}


def measure(work, place, calibrate):
    """The machine is ours between setup and teardown: `place` sees to it."""
    measured = Measured(work)
    missing = place.peers.missing(work.peers)
    if missing:
        measured.problem = "missing peer: " + ", ".join(missing) + " (tools/setup bench gets it)"
        return measured
    with place.alone():
        try:
            work.setup(place)
            for turn in range(TRIES * work.counts):
                before = calibrate()
                count = count_once(work, turn)
                after = calibrate()
                if apart(before, after) > APART:
                    measured.dropped += 1
                    continue
                measured.counts.append(count)
                measured.calibrations += [before, after]
                if measured.complete:
                    break
        except (OSError, AssertionError, subprocess.SubprocessError, ValueError, KeyError) as why:
            measured.problem = f"{type(why).__name__}: {why}"
        finally:
            work.teardown()
    if not measured.problem and not measured.complete:
        measured.problem = f"the machine was disturbed: {measured.dropped} counts dropped"
    return measured
