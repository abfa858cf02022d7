-- +goose Up
-- What the amount of an order is made of, and how it is paid.
ALTER TABLE number_order ADD COLUMN class TEXT NOT NULL DEFAULT 'plain';
ALTER TABLE number_order ADD COLUMN setup BIGINT NOT NULL DEFAULT 0;
ALTER TABLE number_order ADD COLUMN yearly BIGINT NOT NULL DEFAULT 0;
ALTER TABLE number_order ADD COLUMN tax_name TEXT NOT NULL DEFAULT '';
ALTER TABLE number_order ADD COLUMN tax_rate BIGINT NOT NULL DEFAULT 0;
ALTER TABLE number_order ADD COLUMN tax BIGINT NOT NULL DEFAULT 0;
ALTER TABLE number_order ADD COLUMN method TEXT NOT NULL DEFAULT '';
ALTER TABLE number_order ADD COLUMN extended BIGINT NOT NULL DEFAULT 0;

-- Letters that wait to be sent or were sent, each once.
CREATE TABLE letter (
    id       TEXT   NOT NULL PRIMARY KEY,
    idem_key TEXT   NOT NULL UNIQUE,
    account  TEXT   NOT NULL,
    address  TEXT   NOT NULL CHECK (address <> ''),
    language TEXT   NOT NULL,
    kind     TEXT   NOT NULL CHECK (kind <> ''),
    fields   TEXT   NOT NULL,
    tries    BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    sent     BIGINT NOT NULL,
    failure  TEXT   NOT NULL,
    created  BIGINT NOT NULL
);
CREATE INDEX letter_due ON letter (due) WHERE due > 0;

-- +goose Down
DROP TABLE letter;
ALTER TABLE number_order DROP COLUMN extended;
ALTER TABLE number_order DROP COLUMN method;
ALTER TABLE number_order DROP COLUMN tax;
ALTER TABLE number_order DROP COLUMN tax_rate;
ALTER TABLE number_order DROP COLUMN tax_name;
ALTER TABLE number_order DROP COLUMN yearly;
ALTER TABLE number_order DROP COLUMN setup;
ALTER TABLE number_order DROP COLUMN class;
