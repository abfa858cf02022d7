-- +goose Up
-- Statements of carriers that were removed before anything was decided on them: what they were, who removed them and why.
CREATE TABLE settlement_removed (
    id        TEXT   NOT NULL PRIMARY KEY,
    carrier   TEXT   NOT NULL,
    direction TEXT   NOT NULL,
    month     TEXT   NOT NULL,
    currency  TEXT   NOT NULL,
    lines     BIGINT NOT NULL,
    theirs    BIGINT NOT NULL,
    why       TEXT   NOT NULL CHECK (why <> ''),
    actor     TEXT   NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX settlement_removed_month ON settlement_removed (month, carrier);

-- +goose Down
DROP TABLE settlement_removed;
