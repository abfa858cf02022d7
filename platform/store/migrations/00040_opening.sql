-- +goose Up
-- Countries on their way to be opened, and those opened that way.
CREATE TABLE opening (
    country   TEXT   NOT NULL PRIMARY KEY,
    name      TEXT   NOT NULL CHECK (name <> ''),
    listen    TEXT   NOT NULL,
    carrier   TEXT   NOT NULL,
    emergency TEXT   NOT NULL,
    tested    BIGINT NOT NULL,
    tested_ok BIGINT NOT NULL CHECK (tested_ok IN (0, 1)),
    report    TEXT   NOT NULL,
    started   BIGINT NOT NULL,
    created   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE opening;
