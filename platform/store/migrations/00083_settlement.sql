-- +goose Up
-- Call records of which carriers are owed something, or owe, that have no lines yet: kept with the record.
CREATE TABLE settlement_due (record TEXT NOT NULL PRIMARY KEY);

-- One answered leg with a carrier, priced by the deck in force then. The amount is in the deck's currency, house in the
-- house's; months are in UTC.
CREATE TABLE settlement_line (
    id        TEXT   NOT NULL PRIMARY KEY,
    carrier   TEXT   NOT NULL CHECK (carrier <> ''),
    trunk     TEXT   NOT NULL,
    direction TEXT   NOT NULL CHECK (direction IN ('out', 'in')),
    call_id   TEXT   NOT NULL,
    number    TEXT   NOT NULL,
    month     TEXT   NOT NULL,
    answered  BIGINT NOT NULL CHECK (answered > 0),
    lasted    BIGINT NOT NULL CHECK (lasted >= 0),
    zone      TEXT   NOT NULL,
    known     BIGINT NOT NULL CHECK (known IN (0, 1)),
    currency  TEXT   NOT NULL,
    micros    BIGINT NOT NULL,
    house     BIGINT NOT NULL,
    seconds   BIGINT NOT NULL,
    prefix    TEXT   NOT NULL,
    version   TEXT   NOT NULL,
    posting   TEXT   NOT NULL
);
CREATE INDEX settlement_line_month ON settlement_line (carrier, month, answered, id);
CREATE INDEX settlement_line_call ON settlement_line (call_id);
CREATE INDEX ledger_account_owed ON ledger_account (kind, id) WHERE kind IN ('payable', 'receivable');

-- What a carrier asks for a month, with its lines (compressed), and what became of it.
CREATE TABLE settlement_statement (
    id        TEXT   NOT NULL PRIMARY KEY,
    carrier   TEXT   NOT NULL CHECK (carrier <> ''),
    direction TEXT   NOT NULL CHECK (direction IN ('out', 'in')),
    month     TEXT   NOT NULL,
    currency  TEXT   NOT NULL,
    lines     BIGINT NOT NULL,
    theirs    BIGINT NOT NULL,
    ours      BIGINT NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN ('open', 'disputed', 'agreed')),
    disputed  BIGINT NOT NULL,
    causes    TEXT   NOT NULL,
    agreed    BIGINT NOT NULL CHECK (agreed >= 0),
    note      TEXT   NOT NULL,
    actor     TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    body      TEXT   NOT NULL
);
CREATE INDEX settlement_statement_month ON settlement_statement (month, carrier);
CREATE UNIQUE INDEX settlement_statement_agreed ON settlement_statement (carrier, direction, month, currency) WHERE state = 'agreed';

-- Where carriers are paid, and payments to them.
CREATE TABLE settlement_payee (
    carrier TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL CHECK (name <> ''),
    iban    TEXT NOT NULL CHECK (iban <> ''),
    bic     TEXT NOT NULL
);
CREATE TABLE settlement_payout (
    id        TEXT   NOT NULL PRIMARY KEY,
    carrier   TEXT   NOT NULL CHECK (carrier <> ''),
    currency  TEXT   NOT NULL,
    micros    BIGINT NOT NULL CHECK (micros > 0),
    name      TEXT   NOT NULL,
    iban      TEXT   NOT NULL,
    bic       TEXT   NOT NULL,
    reference TEXT   NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN ('ordered', 'paid', 'cancelled')),
    netted    BIGINT NOT NULL CHECK (netted IN (0, 1)),
    actor     TEXT   NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX settlement_payout_state ON settlement_payout (state, carrier, currency);

-- +goose Down
DROP INDEX ledger_account_owed;
DROP TABLE settlement_payout;
DROP TABLE settlement_payee;
DROP TABLE settlement_statement;
DROP TABLE settlement_line;
DROP TABLE settlement_due;
