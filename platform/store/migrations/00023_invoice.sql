-- +goose Up
-- Invoices and credit notes. A row is never changed.
CREATE TABLE invoice (
    number   TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    order_id TEXT   NOT NULL REFERENCES number_order (id),
    period   TEXT   NOT NULL, -- the day a year begins that a renewal is for; empty: the sale
    account  TEXT   NOT NULL,
    data     TEXT   NOT NULL,
    issued   BIGINT NOT NULL,
    UNIQUE (order_id, kind, period)
);
CREATE INDEX invoice_account ON invoice (account, issued);

CREATE TABLE invoice_count (
    kind TEXT   NOT NULL,
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (kind, year)
);

-- +goose Down
DROP TABLE invoice_count;
DROP TABLE invoice;
