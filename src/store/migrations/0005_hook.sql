-- What places identities where programs beside a node's daemon read them, and how the last attempt went.

CREATE TABLE hook (
	node TEXT NOT NULL,
	name TEXT NOT NULL,
	service TEXT NOT NULL,
	unit TEXT NOT NULL,
	recipe TEXT NOT NULL,
	wanted BIGINT NOT NULL,
	tried BIGINT NOT NULL,
	held BIGINT NOT NULL,
	ended BIGINT NOT NULL,
	told TEXT NOT NULL,
	PRIMARY KEY (node, name)
);
