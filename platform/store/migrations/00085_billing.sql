-- +goose Up
-- A statement asks for what a wallet is below zero; it invoices nothing.
CREATE TABLE invoice_or_statement (
    number   TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind IN ('invoice', 'credit_note', 'receipt', 'statement')),
    order_id TEXT   NOT NULL,
    period   TEXT   NOT NULL, -- the day a year begins that was paid later, or the month of calls; empty: the sale
    account  TEXT   NOT NULL,
    data     TEXT   NOT NULL,
    issued   BIGINT NOT NULL,
    UNIQUE (order_id, kind, period)
);
INSERT INTO invoice_or_statement SELECT number, kind, order_id, period, account, data, issued FROM invoice;
DROP TABLE invoice;
ALTER TABLE invoice_or_statement RENAME TO invoice;
CREATE INDEX invoice_account ON invoice (account, issued);

-- What an invoice of a month's calls, or a statement, asks for. The entries of the wallet that it is of: beyond after_seq, up to upto.
CREATE TABLE bill (
    number    TEXT   NOT NULL PRIMARY KEY,
    account   TEXT   NOT NULL,
    month     TEXT   NOT NULL,
    currency  TEXT   NOT NULL,
    after_seq BIGINT NOT NULL CHECK (after_seq >= 0),
    upto      BIGINT NOT NULL CHECK (upto > after_seq),
    calls     BIGINT NOT NULL CHECK (calls >= 0),
    tax       BIGINT NOT NULL CHECK (tax >= 0 AND tax <= calls),
    tax_of    TEXT   NOT NULL,
    credited  BIGINT NOT NULL CHECK (credited >= 0 AND credited <= calls),
    asked     BIGINT NOT NULL CHECK (asked >= 0),
    issued    BIGINT NOT NULL,
    due       BIGINT NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN ('open', 'paid', 'written_off')),
    step      BIGINT NOT NULL CHECK (step BETWEEN 0 AND 3),
    stepped   BIGINT NOT NULL,
    ended     BIGINT NOT NULL,
    UNIQUE (account, month)
);
CREATE INDEX bill_open ON bill (account, issued) WHERE state = 'open';

-- How far each account's calls are invoiced, and how it stands with reminders.
CREATE TABLE bill_standing (
    account TEXT   NOT NULL PRIMARY KEY,
    month   TEXT   NOT NULL,
    upto    BIGINT NOT NULL CHECK (upto >= 0),
    balance BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    dunned  TEXT   NOT NULL,
    paused  BIGINT NOT NULL,
    note    TEXT   NOT NULL
);

CREATE TABLE bill_credit (
    id      TEXT   NOT NULL PRIMARY KEY,
    invoice TEXT   NOT NULL,
    paper   TEXT   NOT NULL UNIQUE,
    micros  BIGINT NOT NULL CHECK (micros > 0),
    tax     BIGINT NOT NULL CHECK (tax >= 0 AND tax <= micros),
    reason  TEXT   NOT NULL CHECK (reason <> ''),
    actor   TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX bill_credit_invoice ON bill_credit (invoice);

-- Months whose invoices are all written.
CREATE TABLE bill_month (
    month TEXT   NOT NULL PRIMARY KEY,
    at    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE bill_month;
DROP TABLE bill_credit;
DROP TABLE bill_standing;
DROP TABLE bill;
