"""A row of the table: what is done, by us and by others, and what it is held to."""


class Work:
    """Subclass it, or make several of one class, and name them in the WORKS of a file of works/.

    A count is one `run` of each side, in turn: forwards, the next time backwards. `run` does the
    side's work once, long enough to be measured (half a second to a few), and returns what came of
    it as numbers by name, the same names from each side that a figure compares."""

    name = ""  # as ./dev bench takes it
    does = ""  # one line
    sides = ("ours",)  # "ours" first
    peers = ()  # packages of peers.py that must be there
    figures = ()
    counts = 5

    def setup(self, place):
        """Starts and makes what the runs need; `place` is a place.Place."""

    def run(self, side):
        raise NotImplementedError

    def teardown(self):
        """Ends what setup started; called also when setup failed half way."""
