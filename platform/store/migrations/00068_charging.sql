-- +goose Up
-- Calls under way that cost: what was asked and what is known of them, as JSON. A row is there from the answer to the end.
CREATE TABLE call_open (
    hold     TEXT   NOT NULL PRIMARY KEY,
    epoch    TEXT   NOT NULL,
    ask      TEXT   NOT NULL CHECK (ask LIKE '{%'),
    record   TEXT   NOT NULL CHECK (record LIKE '{%'),
    answered BIGINT NOT NULL CHECK (answered > 0)
);
CREATE INDEX call_open_epoch ON call_open (epoch);

-- Each process that charges, and when it last said that it lives.
CREATE TABLE charging_epoch (
    id   TEXT   NOT NULL PRIMARY KEY,
    seen BIGINT NOT NULL CHECK (seen > 0)
);

-- The account that is charged for a call: the caller's, or that of who has it forwarded.
ALTER TABLE cdr ADD COLUMN payer TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE cdr DROP COLUMN payer;
DROP TABLE charging_epoch;
DROP TABLE call_open;
