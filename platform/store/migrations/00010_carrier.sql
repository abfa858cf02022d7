-- +goose Up
-- The carriers of the telephone network, each with its outgoing trunk. The password is sealed with the key of the data
-- folder.
CREATE TABLE carrier (
	id TEXT NOT NULL PRIMARY KEY,
	center TEXT NOT NULL CHECK (center <> ''),
	name TEXT NOT NULL CHECK (name <> ''),
	host TEXT NOT NULL CHECK (host <> ''),
	transport TEXT NOT NULL CHECK (transport IN ('udp', 'tcp', 'tls')),
	sip_user TEXT NOT NULL,
	sealed TEXT NOT NULL,
	realm TEXT NOT NULL,
	presents TEXT NOT NULL CHECK (presents LIKE '+%'),
	format TEXT NOT NULL CHECK (format IN ('+E164', 'E164', 'national')),
	assert BIGINT NOT NULL CHECK (assert IN (0, 1)),
	created BIGINT NOT NULL CHECK (created > 0),
	CHECK (sealed = '' OR sip_user <> '')
);

-- +goose Down
DROP TABLE carrier;
