"""Every row of work there is, in the order in which ./dev bench does them."""

from . import certificates, crowd, lists, signing, tftp, tls

WORKS = [*lists.WORKS, *signing.WORKS, *certificates.WORKS, *tftp.WORKS, *tls.WORKS, *crowd.WORKS]
