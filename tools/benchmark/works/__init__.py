"""Every row of work there is, in the order in which ./dev bench does them."""

from . import lists, tftp, tls

WORKS = [*lists.WORKS, *tftp.WORKS, *tls.WORKS]
