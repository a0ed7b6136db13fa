-- What was deleted from a trust store stays deleted: no copy, restore or import brings it back unasked.

CREATE TABLE tombstone (
	store TEXT NOT NULL,
	digest BYTEA NOT NULL REFERENCES certificate (digest),
	name TEXT NOT NULL,
	reason TEXT NOT NULL,
	change BIGINT NOT NULL,
	PRIMARY KEY (store, digest)
);
