-- The cluster: one text for every engine. BYTEA and BIGINT are names that SQLite takes as well.

CREATE TABLE cluster (
	one BIGINT PRIMARY KEY CHECK (one = 1),
	name TEXT NOT NULL,
	organization TEXT NOT NULL,
	unit TEXT NOT NULL,
	locality TEXT NOT NULL,
	state TEXT NOT NULL,
	country TEXT NOT NULL,
	created BIGINT NOT NULL
);

CREATE TABLE parameter (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

CREATE TABLE node (
	name TEXT PRIMARY KEY,
	role TEXT NOT NULL CHECK (role IN ('publisher', 'subscriber', 'presence')),
	host TEXT NOT NULL,
	address TEXT NOT NULL,
	tftp_port BIGINT NOT NULL,
	http_port BIGINT NOT NULL,
	https_port BIGINT NOT NULL,
	tvs_port BIGINT NOT NULL
);
CREATE UNIQUE INDEX one_publisher ON node (role) WHERE role = 'publisher';

CREATE TABLE phone (
	name TEXT PRIMARY KEY,
	description TEXT NOT NULL,
	node TEXT NOT NULL REFERENCES node (name)
);

-- A certificate is kept once; being in a store of a node is a row of entry.
CREATE TABLE certificate (
	digest BYTEA PRIMARY KEY,
	der BYTEA NOT NULL
);

CREATE TABLE entry (
	store TEXT NOT NULL,
	node TEXT NOT NULL REFERENCES node (name),
	name TEXT NOT NULL,
	digest BYTEA NOT NULL REFERENCES certificate (digest),
	reason TEXT NOT NULL,
	change BIGINT NOT NULL,
	PRIMARY KEY (store, node, name)
);

-- The live identity of a unit has no `retired`; its predecessors keep the change that retired them.
CREATE TABLE identity (
	unit TEXT NOT NULL,
	node TEXT NOT NULL REFERENCES node (name),
	change BIGINT NOT NULL,
	digest BYTEA NOT NULL REFERENCES certificate (digest),
	key_name BYTEA NOT NULL,
	retired BIGINT,
	PRIMARY KEY (unit, node, change)
);
CREATE UNIQUE INDEX one_live_identity ON identity (unit, node) WHERE retired IS NULL;

CREATE TABLE service (
	service TEXT NOT NULL,
	node TEXT NOT NULL REFERENCES node (name),
	activated BIGINT NOT NULL,
	started BIGINT NOT NULL,
	restart_wanted BIGINT NOT NULL,
	restarted BIGINT NOT NULL,
	PRIMARY KEY (service, node)
);

CREATE TABLE trust_list (
	name TEXT PRIMARY KEY,
	node TEXT NOT NULL,
	wanted BIGINT NOT NULL,
	published BIGINT NOT NULL,
	signer_unit TEXT NOT NULL,
	signer_node TEXT NOT NULL REFERENCES node (name),
	change BIGINT NOT NULL
);

-- Generations are archived and never change.
CREATE TABLE trust_list_file (
	name TEXT NOT NULL REFERENCES trust_list (name),
	generation BIGINT NOT NULL,
	file BYTEA NOT NULL,
	change BIGINT NOT NULL,
	PRIMARY KEY (name, generation)
);

CREATE TABLE job (
	id BIGINT PRIMARY KEY,
	node TEXT NOT NULL REFERENCES node (name),
	operation TEXT NOT NULL,
	arguments TEXT NOT NULL,
	result TEXT NOT NULL,
	actor TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
	change BIGINT NOT NULL
);
CREATE INDEX waiting_job ON job (node, id) WHERE state = 'waiting';

-- Row n is change number n; each holds the digest of itself and of its predecessor's.
CREATE TABLE audit (
	number BIGINT PRIMARY KEY,
	time BIGINT NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	detail TEXT NOT NULL,
	digest BYTEA NOT NULL
);

-- Observations, no part of the audited state.
CREATE TABLE serving (
	node TEXT NOT NULL,
	process TEXT NOT NULL,
	number BIGINT NOT NULL,
	PRIMARY KEY (node, process)
);
