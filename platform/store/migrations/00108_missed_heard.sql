-- +goose Up
-- Up to which moment the missed calls of one number were read out at a telephone of it; missed_seen is of all numbers of an account.
CREATE TABLE missed_heard (
    account  TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    code     TEXT   NOT NULL,
    national TEXT   NOT NULL,
    upto     BIGINT NOT NULL CHECK (upto > 0),
    PRIMARY KEY (account, kind, code, national)
);

-- +goose Down
DROP TABLE missed_heard;
