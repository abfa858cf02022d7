-- +goose Up
ALTER TABLE number_order ADD COLUMN tax_country TEXT NOT NULL DEFAULT '';
ALTER TABLE number_order ADD COLUMN paid_by TEXT NOT NULL DEFAULT '';

-- Card payments a buyer was sent to. One at a time for each order.
CREATE TABLE checkout (
    id       TEXT   NOT NULL PRIMARY KEY,
    order_id TEXT   NOT NULL REFERENCES number_order (id),
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
CREATE UNIQUE INDEX checkout_session ON checkout (session) WHERE session <> '';
CREATE UNIQUE INDEX checkout_one_open ON checkout (order_id) WHERE state IN ('opening', 'open');
CREATE INDEX checkout_look ON checkout (look) WHERE look > 0;

-- What to write on a bank transfer for an order.
CREATE TABLE bank_reference (
    reference TEXT   NOT NULL PRIMARY KEY,
    order_id  TEXT   NOT NULL UNIQUE REFERENCES number_order (id),
    created   BIGINT NOT NULL
);

-- Money that came from outside, each once.
CREATE TABLE incoming (
    id        TEXT   NOT NULL PRIMARY KEY,
    method    TEXT   NOT NULL CHECK (method IN ('card', 'bank_transfer')),
    account   TEXT   NOT NULL,
    order_id  TEXT   NOT NULL,
    currency  TEXT   NOT NULL CHECK (currency <> ''),
    micros    BIGINT NOT NULL CHECK (micros > 0),
    payer     TEXT   NOT NULL,
    reference TEXT   NOT NULL,
    state     TEXT   NOT NULL CHECK (state IN ('new', 'unmatched', 'booked', 'used', 'kept')),
    note      TEXT   NOT NULL,
    sent_back BIGINT NOT NULL CHECK (sent_back >= 0),
    taken     BIGINT NOT NULL CHECK (taken >= 0),
    dispute   TEXT   NOT NULL CHECK (dispute IN ('', 'open', 'won', 'lost')),
    received  BIGINT NOT NULL
);
CREATE INDEX incoming_state ON incoming (state, received, id);
CREATE INDEX incoming_order ON incoming (order_id) WHERE order_id <> '';

-- Messages of the payment provider that were worked on.
CREATE TABLE provider_event (
    id   TEXT   NOT NULL PRIMARY KEY,
    kind TEXT   NOT NULL,
    at   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE provider_event;
DROP TABLE incoming;
DROP TABLE bank_reference;
DROP TABLE checkout;
ALTER TABLE number_order DROP COLUMN paid_by;
ALTER TABLE number_order DROP COLUMN tax_country;
