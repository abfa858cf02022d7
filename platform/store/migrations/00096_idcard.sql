-- +goose Up
-- A terminal that an ID card opened: the device lasts as long as the sign-in it is lent to. Where it is (ISO) says whose
-- emergency services a call from it reaches; only_here: while it is registered, nothing else of its number rings.
ALTER TABLE device ADD COLUMN lent TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN only_here BIGINT NOT NULL DEFAULT 0 CHECK (only_here IN (0, 1));

-- What the operator offers, and for how much; what is not there is as the house begins.
CREATE TABLE card_offer (
    kind     TEXT   NOT NULL PRIMARY KEY CHECK (kind IN ('file', 'printed')),
    offered  BIGINT NOT NULL CHECK (offered IN (0, 1)),
    micros   BIGINT NOT NULL CHECK (micros >= 0),
    years    BIGINT NOT NULL CHECK (years BETWEEN 1 AND 20),
    changed  BIGINT NOT NULL
);

-- What its holder chose for a number: whether only the terminal rings at which he is signed in, and for how long he is.
CREATE TABLE card_choice (
    membership TEXT   NOT NULL PRIMARY KEY REFERENCES membership (id),
    only_here  BIGINT NOT NULL CHECK (only_here IN (0, 1)),
    minutes    BIGINT NOT NULL CHECK (minutes BETWEEN 1 AND 720)
);

-- The cards. Of its key pair only the public half was ever here.
CREATE TABLE card (
    id         TEXT   NOT NULL PRIMARY KEY,
    account    TEXT   NOT NULL REFERENCES account (id),
    membership TEXT   NOT NULL REFERENCES membership (id),
    kind       TEXT   NOT NULL CHECK (kind IN ('file', 'printed')),
    state      TEXT   NOT NULL CHECK (state IN ('issued', 'written', 'revoked')),
    algorithm  TEXT   NOT NULL CHECK (algorithm IN ('', 'Ed25519', 'ES256')),
    key        TEXT   NOT NULL,
    serial     BIGINT NOT NULL CHECK (serial >= 0),            -- how often it was written: earlier files open nothing
    currency   TEXT   NOT NULL,
    net        BIGINT NOT NULL CHECK (net >= 0),
    tax_name   TEXT   NOT NULL,
    tax_rate   BIGINT NOT NULL,
    tax        BIGINT NOT NULL,
    country    TEXT   NOT NULL,                                -- whose tax
    postal     TEXT   NOT NULL,                                -- where a printed one goes
    created    BIGINT NOT NULL,
    until      BIGINT NOT NULL CHECK (until > created),
    written    BIGINT NOT NULL,
    sent       BIGINT NOT NULL,
    revoked    BIGINT NOT NULL,
    revoked_by TEXT   NOT NULL,
    CHECK (state <> 'written' OR algorithm <> '' AND key <> '' AND serial > 0)
);
CREATE INDEX card_account ON card (account, id);
CREATE INDEX card_to_send ON card (id) WHERE kind = 'printed' AND sent = 0 AND state <> 'revoked';

-- What a card, or the holder of a passkey, is asked to prove: once, and for a minute.
CREATE TABLE card_question (
    hash    TEXT   NOT NULL PRIMARY KEY,
    subject TEXT   NOT NULL,                                   -- a card, or an account that a passkey proved
    origin  TEXT   NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX card_question_expires ON card_question (expires);

-- Sign-ins, kept for their holder to look through. A card is signed in at one place at a time.
CREATE TABLE card_sign_in (
    id         TEXT   NOT NULL PRIMARY KEY,
    card       TEXT   NOT NULL,                                -- '': by a passkey
    account    TEXT   NOT NULL,
    membership TEXT   NOT NULL REFERENCES membership (id),
    device     TEXT   NOT NULL,
    token      TEXT   NOT NULL UNIQUE,                         -- its hash
    way        TEXT   NOT NULL CHECK (way IN ('file', 'passkey', 'telephone')),
    country    TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    network    TEXT   NOT NULL,
    browser    TEXT   NOT NULL,
    watched    BIGINT NOT NULL CHECK (watched IN (0, 1)),
    began      BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    ended      BIGINT NOT NULL,
    how        TEXT   NOT NULL,
    CHECK ((ended = 0) = (how = ''))
);
CREATE UNIQUE INDEX card_sign_in_once ON card_sign_in (card) WHERE ended = 0 AND card <> '';
CREATE INDEX card_sign_in_account ON card_sign_in (account, id);
CREATE INDEX card_sign_in_live ON card_sign_in (id) WHERE ended = 0;

-- +goose Down
DROP TABLE card_sign_in;
DROP TABLE card_question;
DROP TABLE card;
DROP TABLE card_choice;
DROP TABLE card_offer;
ALTER TABLE device DROP COLUMN only_here;
ALTER TABLE device DROP COLUMN place;
ALTER TABLE device DROP COLUMN lent;
