-- +goose Up
-- Bank statements that were brought in, in base64.
CREATE TABLE statement (
    id       TEXT   NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL,
    sum      TEXT   NOT NULL UNIQUE,
    content  TEXT   NOT NULL,
    account  TEXT   NOT NULL,
    uploaded BIGINT NOT NULL,
    applied  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE statement;
