-- +goose Up
-- What calls cost. A version of a deck is one row for ever: its lines are a compressed CSV, since a million rows of their own
-- take six times the room, and seconds of one transaction that others wait for. The owner is a plan ('members' is that of everybody) or a carrier.
CREATE TABLE deck_version (
    id           TEXT   NOT NULL PRIMARY KEY,
    owner        TEXT   NOT NULL CHECK (owner <> ''),
    currency     TEXT   NOT NULL CHECK (currency <> ''),
    bands        TEXT   NOT NULL CHECK (bands LIKE '[%'),
    lines        BIGINT NOT NULL CHECK (lines >= 0),
    valid_from   BIGINT NOT NULL CHECK (valid_from > 0),
    note         TEXT   NOT NULL,
    imported_by  TEXT   NOT NULL,
    imported     BIGINT NOT NULL CHECK (imported > 0),
    withdrawn    BIGINT NOT NULL DEFAULT 0,
    withdrawn_by TEXT   NOT NULL DEFAULT '',
    body         BYTEA  NOT NULL
);
CREATE INDEX deck_version_owner ON deck_version (owner, valid_from);

-- A list that was read and that nobody has confirmed yet.
CREATE TABLE deck_draft (
    id       TEXT   NOT NULL PRIMARY KEY,
    owner    TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    bands    TEXT   NOT NULL CHECK (bands LIKE '[%'),
    lines    BIGINT NOT NULL,
    body     BYTEA  NOT NULL,
    created  BIGINT NOT NULL CHECK (created > 0)
);

-- Plans beside 'members', and who has which since when.
CREATE TABLE sell_plan (
    id      TEXT   NOT NULL PRIMARY KEY,
    name    TEXT   NOT NULL UNIQUE CHECK (name <> ''),
    created BIGINT NOT NULL CHECK (created > 0)
);
CREATE TABLE account_plan (
    account    TEXT   NOT NULL REFERENCES account (id),
    plan       TEXT   NOT NULL CHECK (plan <> ''),
    valid_from BIGINT NOT NULL CHECK (valid_from > 0),
    given_by   TEXT   NOT NULL,
    PRIMARY KEY (account, valid_from)
);

-- What one unit of a currency is worth in the house's, in million-millionths.
CREATE TABLE exchange_rate (
    currency   TEXT   NOT NULL CHECK (currency <> ''),
    rate       BIGINT NOT NULL CHECK (rate > 0),
    valid_from BIGINT NOT NULL CHECK (valid_from > 0),
    set_by     TEXT   NOT NULL,
    created    BIGINT NOT NULL CHECK (created > 0),
    PRIMARY KEY (currency, valid_from, created)
);

-- Raised with each change of the tables above: other processes look at it.
CREATE TABLE tariff_stamp (stamp BIGINT NOT NULL);
INSERT INTO tariff_stamp (stamp) VALUES (1);

-- +goose Down
DROP TABLE tariff_stamp;
DROP TABLE exchange_rate;
DROP TABLE account_plan;
DROP TABLE sell_plan;
DROP TABLE deck_draft;
DROP TABLE deck_version;
