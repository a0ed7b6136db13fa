"""What a row of work is held to, and how what was measured is judged."""

from dataclasses import dataclass
from statistics import median

AT_LEAST, AT_MOST, TOLD = "at least", "at most", "told"
BEST = "the best"


@dataclass(frozen=True)
class Figure:
    """One quantity of a run. Beside another side it is a ratio, ours to theirs, pair by pair;
    alone (`beside` is None) it is what was measured. TOLD is printed and held to nothing."""

    means: str
    quantity: str
    direction: str = TOLD
    target: float | None = None
    unit: str = ""
    beside: str | None = None  # a side, BEST of all others, or None


@dataclass(frozen=True)
class Outcome:
    figure: Figure
    ours: float
    theirs: float | None
    value: float
    least: float
    most: float
    best: str = ""  # which side was the best, where BEST was asked for

    @property
    def verdict(self):
        if self.figure.direction == TOLD:
            return ""
        at_least = self.figure.direction == AT_LEAST
        return "met" if (self.value >= self.figure.target) == at_least or (
            self.value == self.figure.target
        ) else "missed"


def beside_of(figure, count):
    """The side that ours is held against in this count."""
    if figure.beside != BEST:
        return figure.beside
    others = [side for side in count if side != "ours"]
    pick = min if figure.direction == AT_MOST else max
    return pick(others, key=lambda side: count[side][figure.quantity])


def judge(figure, counts):
    """`counts`: what each valid count gave, {side: {quantity: value}}."""
    ours = [count["ours"][figure.quantity] for count in counts]
    if figure.beside is None:
        return Outcome(figure, median(ours), None, median(ours), min(ours), max(ours))
    sides = [beside_of(figure, count) for count in counts]
    theirs = [count[side][figure.quantity] for count, side in zip(counts, sides)]
    ratios = [a / b if b else float("inf") for a, b in zip(ours, theirs)]
    best = max(set(sides), key=sides.count) if figure.beside == BEST else ""
    return Outcome(figure, median(ours), median(theirs), median(ratios), min(ratios), max(ratios), best)
