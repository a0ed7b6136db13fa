-- A certificate that stands for all nodes: one request, pending on each of them under the same key, which travels to each sealed.

ALTER TABLE csr ADD COLUMN multi_server BIGINT NOT NULL DEFAULT 0;

CREATE TABLE sealed_key (
	key_name BYTEA NOT NULL,
	node TEXT NOT NULL REFERENCES node (name),
	unit TEXT NOT NULL,
	recipient BYTEA NOT NULL,
	sealed BYTEA NOT NULL,
	change BIGINT NOT NULL,
	PRIMARY KEY (key_name, node)
);
