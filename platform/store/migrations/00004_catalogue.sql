-- +goose Up
-- What is for sale, as the operator decides it.
CREATE TABLE number_system (
    country    TEXT   NOT NULL PRIMARY KEY,
    individual BIGINT NOT NULL CHECK (individual IN (0, 1)),
    own_phone  BIGINT NOT NULL CHECK (own_phone IN (0, 1)),
    company    BIGINT NOT NULL CHECK (company IN (0, 1))
);

CREATE TABLE number_block (
    id      TEXT   NOT NULL PRIMARY KEY,
    kind    TEXT   NOT NULL CHECK (kind IN ('individual', 'company')),
    country TEXT   NOT NULL,
    prefix  TEXT   NOT NULL CHECK (prefix <> ''),
    length  BIGINT NOT NULL CHECK (length BETWEEN 1 AND 15),
    closed  BIGINT NOT NULL CHECK (closed IN (0, 1)),
    note    TEXT   NOT NULL,
    UNIQUE (kind, country, prefix, length)
);

CREATE TABLE price_rule (
    id      TEXT   NOT NULL PRIMARY KEY,
    block   TEXT   NOT NULL,
    country TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    class   TEXT   NOT NULL,
    setup   BIGINT NOT NULL CHECK (setup >= 0),
    yearly  BIGINT NOT NULL CHECK (yearly >= 0),
    UNIQUE (block, country, kind, class)
);

CREATE TABLE reserved_form (
    digits TEXT NOT NULL PRIMARY KEY,
    why    TEXT NOT NULL
);

CREATE TABLE paper (
    id      TEXT NOT NULL PRIMARY KEY,
    country TEXT NOT NULL,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL
);

-- Who changed what of it, and when.
CREATE TABLE operator_log (
    id     TEXT   NOT NULL PRIMARY KEY,
    actor  TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    at     BIGINT NOT NULL
);

-- What staff notes about an order; the buyer does not see it.
CREATE TABLE order_note (
    id       TEXT   NOT NULL PRIMARY KEY,
    order_id TEXT   NOT NULL REFERENCES number_order (id),
    actor    TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX order_note_order ON order_note (order_id, id);

-- Documents a buyer shows: sealed, and removed when they have served.
CREATE TABLE document (
    id       TEXT   NOT NULL PRIMARY KEY,
    account  TEXT   NOT NULL REFERENCES account (id),
    order_id TEXT   NOT NULL REFERENCES number_order (id),
    paper    TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    type     TEXT   NOT NULL CHECK (type IN ('application/pdf', 'image/png', 'image/jpeg')),
    size     BIGINT NOT NULL,
    body     BYTEA  NOT NULL,
    created  BIGINT NOT NULL
);
CREATE INDEX document_order ON document (order_id, id);
CREATE INDEX document_account ON document (account);

-- How a sold number stands, and when its next yearly fee is due.
ALTER TABLE number_order ADD COLUMN standing TEXT NOT NULL DEFAULT '';
ALTER TABLE number_order ADD COLUMN until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE number_order ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;
CREATE INDEX number_order_until ON number_order (until) WHERE until > 0;
CREATE INDEX number_order_state ON number_order (state, id);

-- A number on its way to another account; only the hash of the token is kept.
CREATE TABLE transfer (
    id       TEXT   NOT NULL PRIMARY KEY,
    order_id TEXT   NOT NULL REFERENCES number_order (id),
    giver    TEXT   NOT NULL REFERENCES account (id),
    email    TEXT   NOT NULL,
    hash     TEXT   NOT NULL UNIQUE,
    state    TEXT   NOT NULL CHECK (state IN ('offered', 'accepted', 'withdrawn', 'expired')),
    expires  BIGINT NOT NULL,
    created  BIGINT NOT NULL
);
CREATE UNIQUE INDEX transfer_one ON transfer (order_id) WHERE state = 'offered';

-- +goose Down
DROP TABLE transfer;
DROP INDEX number_order_state;
DROP INDEX number_order_until;
ALTER TABLE number_order DROP COLUMN reminded;
ALTER TABLE number_order DROP COLUMN until;
ALTER TABLE number_order DROP COLUMN standing;
DROP TABLE document;
DROP TABLE order_note;
DROP TABLE operator_log;
DROP TABLE paper;
DROP TABLE reserved_form;
DROP TABLE price_rule;
DROP TABLE number_block;
DROP TABLE number_system;
