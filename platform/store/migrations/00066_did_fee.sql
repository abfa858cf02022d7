-- +goose Up
-- What was paid for telephone numbers that are rented out, a year each.
CREATE TABLE did_fee (
    rental       TEXT   NOT NULL,
    begins       BIGINT NOT NULL,
    e164         TEXT   NOT NULL,
    account      TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    calling_code TEXT   NOT NULL,
    national     TEXT   NOT NULL,
    currency     TEXT   NOT NULL,
    setup        BIGINT NOT NULL CHECK (setup >= 0),
    yearly       BIGINT NOT NULL CHECK (yearly >= 0),
    tax_name     TEXT   NOT NULL,
    tax_rate     BIGINT NOT NULL,
    tax          BIGINT NOT NULL,
    tax_country  TEXT   NOT NULL,
    paid         BIGINT NOT NULL,
    PRIMARY KEY (rental, begins)
);

-- An invoice is of an order, or of a rental.
CREATE TABLE invoice_of_all (
    number   TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    order_id TEXT   NOT NULL,
    period   TEXT   NOT NULL, -- the day a year begins that was paid later; empty: the sale
    account  TEXT   NOT NULL,
    data     TEXT   NOT NULL,
    issued   BIGINT NOT NULL,
    UNIQUE (order_id, kind, period)
);
INSERT INTO invoice_of_all SELECT number, kind, order_id, period, account, data, issued FROM invoice;
DROP TABLE invoice;
ALTER TABLE invoice_of_all RENAME TO invoice;
CREATE INDEX invoice_account ON invoice (account, issued);

-- +goose Down
DROP TABLE did_fee;
