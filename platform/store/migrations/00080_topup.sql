-- +goose Up
-- A card payment and a transfer's reference are of an order, or of a wallet that money is added to ('wallet:' and the account).
CREATE TABLE checkout_of_all (
    id       TEXT   NOT NULL PRIMARY KEY,
    order_id TEXT   NOT NULL,
    account  TEXT   NOT NULL,
    session  TEXT   NOT NULL,
    url      TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros > 0),
    state    TEXT   NOT NULL CHECK (state IN ('opening', 'open', 'pending', 'paid', 'expired', 'failed')),
    expires  BIGINT NOT NULL,
    look     BIGINT NOT NULL,
    created  BIGINT NOT NULL
);
INSERT INTO checkout_of_all SELECT id, order_id, account, session, url, currency, micros, state, expires, look, created FROM checkout;
DROP TABLE checkout;
ALTER TABLE checkout_of_all RENAME TO checkout;
CREATE UNIQUE INDEX checkout_session ON checkout (session) WHERE session <> '';
CREATE UNIQUE INDEX checkout_one_open ON checkout (order_id) WHERE state IN ('opening', 'open');
CREATE INDEX checkout_look ON checkout (look) WHERE look > 0;

CREATE TABLE bank_reference_of_all (
    reference TEXT   NOT NULL PRIMARY KEY,
    order_id  TEXT   NOT NULL UNIQUE,
    created   BIGINT NOT NULL
);
INSERT INTO bank_reference_of_all SELECT reference, order_id, created FROM bank_reference;
DROP TABLE bank_reference;
ALTER TABLE bank_reference_of_all RENAME TO bank_reference;

-- A receipt is of money that was added to a wallet.
CREATE TABLE invoice_or_receipt (
    number   TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind IN ('invoice', 'credit_note', 'receipt')),
    order_id TEXT   NOT NULL,
    period   TEXT   NOT NULL, -- the day a year begins that was paid later; empty: the sale
    account  TEXT   NOT NULL,
    data     TEXT   NOT NULL,
    issued   BIGINT NOT NULL,
    UNIQUE (order_id, kind, period)
);
INSERT INTO invoice_or_receipt SELECT number, kind, order_id, period, account, data, issued FROM invoice;
DROP TABLE invoice;
ALTER TABLE invoice_or_receipt RENAME TO invoice;
CREATE INDEX invoice_account ON invoice (account, issued);

-- +goose Down
-- What was added to wallets cannot be told in the tables as they were: they stay.
SELECT 1;
