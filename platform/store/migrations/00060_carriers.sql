-- +goose Up
-- A carrier has several trunks and rules now: they are one JSON document. Its passwords are sealed with the key of the
-- data folder.
CREATE TABLE carrier_new (
	id TEXT NOT NULL PRIMARY KEY,
	center TEXT NOT NULL CHECK (center <> ''),
	kind TEXT NOT NULL CHECK (kind IN ('pstn', 'partner')),
	name TEXT NOT NULL CHECK (name <> ''),
	document TEXT NOT NULL CHECK (document LIKE '{%'),
	created BIGINT NOT NULL CHECK (created > 0)
);
INSERT INTO carrier_new (id, center, kind, name, document, created)
SELECT id, center, 'pstn', name,
	'{"Trunks":[{"id":"' || id || '","host":"' || host || '","transport":"' || transport || '","user":"' || sip_user || '","password":"' || sealed
	|| '","realm":"' || realm || '"}],"Out":{"format":"' || format || '"},"OutCaller":{"format":"+E164"},"In":{"format":"+E164"},"InCaller":{"format":"+E164"},"Shows":"fixed","Presents":"'
	|| presents || '","Assert":' || CASE assert WHEN 1 THEN 'true' ELSE 'false' END || ',"DTMF":"any"}',
	created
FROM carrier;
DROP TABLE carrier;
ALTER TABLE carrier_new RENAME TO carrier;

-- What calls cost: a minute to a destination, by each carrier; under the carrier '' what members pay.
CREATE TABLE carrier_rate (
	carrier TEXT NOT NULL,
	prefix TEXT NOT NULL,
	micros BIGINT NOT NULL CHECK (micros >= 0),
	PRIMARY KEY (carrier, prefix)
);

-- A call leaves by a trunk at one center (exit) and comes in by one (entry). Who withholds his number is not shown to the
-- called party, in the history either.
CREATE TABLE cdr_new (
    id           TEXT   NOT NULL PRIMARY KEY,
    call_id      TEXT   NOT NULL,
    side         TEXT   NOT NULL CHECK (side IN ('origin', 'home', 'visit', 'exit', 'entry')),
    center       TEXT   NOT NULL,
    from_account TEXT   NOT NULL,
    from_kind    TEXT   NOT NULL,
    from_code    TEXT   NOT NULL,
    from_number  TEXT   NOT NULL,
    from_text    TEXT   NOT NULL,
    to_account   TEXT   NOT NULL,
    to_kind      TEXT   NOT NULL,
    to_code      TEXT   NOT NULL,
    to_number    TEXT   NOT NULL,
    to_text      TEXT   NOT NULL,
    dialled      TEXT   NOT NULL,
    started      BIGINT NOT NULL,
    answered     BIGINT NOT NULL,
    ended        BIGINT NOT NULL,
    cause        TEXT   NOT NULL,
    currency     TEXT   NOT NULL,
    micros       BIGINT NOT NULL,
    carrier      TEXT   NOT NULL,
    trunk        TEXT   NOT NULL,
    withheld     BIGINT NOT NULL CHECK (withheld IN (0, 1)),
    UNIQUE (call_id, side, center, trunk, dialled)
);
INSERT INTO cdr_new SELECT id, call_id, side, center, from_account, from_kind, from_code, from_number, from_text, to_account, to_kind, to_code, to_number,
	to_text, dialled, started, answered, ended, cause, currency, micros, '', '', 0 FROM cdr;
DROP TABLE cdr;
ALTER TABLE cdr_new RENAME TO cdr;
CREATE INDEX cdr_from ON cdr (from_account, started, id);
CREATE INDEX cdr_to ON cdr (to_account, started, id);

-- +goose Down
-- A carrier with several trunks does not fit into one row of before: there is no way back.
SELECT 1;
