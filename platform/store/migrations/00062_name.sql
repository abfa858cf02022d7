-- +goose Up
-- Domain names and e-mail addresses that stand for numbers. A name may be asked for by several, and is proved by one.
CREATE TABLE held_name (
	id TEXT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL CHECK (account <> ''),
	name TEXT NOT NULL CHECK (name <> ''),
	kind TEXT NOT NULL CHECK (kind IN ('domain', 'email')),
	number_kind TEXT NOT NULL,
	calling_code TEXT NOT NULL,
	national TEXT NOT NULL,
	dial TEXT NOT NULL CHECK (dial = '' OR dial LIKE '+%'),
	state TEXT NOT NULL CHECK (state IN ('waiting', 'proved', 'removed')),
	token TEXT NOT NULL,
	hash TEXT NOT NULL,
	missing BIGINT NOT NULL,
	checked BIGINT NOT NULL,
	created BIGINT NOT NULL CHECK (created > 0),
	CHECK (dial <> '' OR national <> '')
);
CREATE UNIQUE INDEX held_name_proved ON held_name (name) WHERE state = 'proved';
CREATE UNIQUE INDEX held_name_account ON held_name (account, name) WHERE state <> 'removed';
CREATE INDEX held_name_name ON held_name (name);
CREATE INDEX held_name_hash ON held_name (hash) WHERE hash <> '';
CREATE INDEX held_name_checked ON held_name (checked);
