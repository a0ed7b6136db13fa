-- What the expiry monitor of each node has told of, and what is still to be sent: observations, no part of the audited state.

CREATE TABLE alarm (
	node TEXT NOT NULL,
	store TEXT NOT NULL,
	digest BYTEA NOT NULL,
	logged BIGINT NOT NULL,
	worst BIGINT NOT NULL,
	PRIMARY KEY (node, store, digest)
);

CREATE TABLE notice (
	number BIGINT NOT NULL,
	node TEXT NOT NULL,
	target BIGINT NOT NULL,
	text BYTEA NOT NULL,
	PRIMARY KEY (node, number)
);

CREATE TABLE alarm_count (
	node TEXT PRIMARY KEY,
	alarms BIGINT NOT NULL,
	notices BIGINT NOT NULL
);
