"""Every row of work there is, in the order in which ./dev bench does them."""

from . import lists, tls

WORKS = [*lists.WORKS, *tls.WORKS]
