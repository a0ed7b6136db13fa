-- A request to a certificate authority that is pending: one a unit and node, each with a key of its own.

CREATE TABLE csr (
	unit TEXT NOT NULL,
	node TEXT NOT NULL,
	key_name BYTEA NOT NULL,
	der BYTEA NOT NULL,
	change BIGINT NOT NULL,
	PRIMARY KEY (unit, node)
);
