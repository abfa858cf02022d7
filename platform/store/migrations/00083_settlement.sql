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

-- +goose Down
DROP TABLE settlement_line;
DROP TABLE settlement_due;
