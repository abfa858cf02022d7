-- +goose Up
-- Telephone numbers that carriers bring to us, and who rents them.
CREATE TABLE did (
    e164         TEXT   NOT NULL PRIMARY KEY CHECK (e164 LIKE '+%'),
    carrier      TEXT   NOT NULL,
    country      TEXT   NOT NULL,
    area         TEXT   NOT NULL,
    setup        BIGINT NOT NULL CHECK (setup >= 0),
    yearly       BIGINT NOT NULL CHECK (yearly >= 0),
    state        TEXT   NOT NULL CHECK (state IN ('free', 'renting', 'rented', 'late', 'resting')),
    rental       TEXT   NOT NULL,
    account      TEXT   NOT NULL,
    membership   TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    calling_code TEXT   NOT NULL,
    national     TEXT   NOT NULL,
    fee          BIGINT NOT NULL CHECK (fee >= 0),
    until        BIGINT NOT NULL,
    told         BIGINT NOT NULL,
    added        BIGINT NOT NULL,
    CHECK ((state = 'free') = (account = ''))
);
CREATE INDEX did_state ON did (state, country, e164);
CREATE INDEX did_account ON did (account, e164);

-- +goose Down
DROP TABLE did;
