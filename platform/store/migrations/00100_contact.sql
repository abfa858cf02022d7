-- +goose Up
-- Whom the holder of an account calls: seen by nobody else.
CREATE TABLE contact (
    id      TEXT   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL CHECK (account <> ''),
    name    TEXT   NOT NULL CHECK (name <> ''),
    number  TEXT   NOT NULL CHECK (number <> ''),
    created BIGINT NOT NULL CHECK (created > 0)
);
CREATE INDEX contact_account ON contact (account, name);

-- +goose Down
DROP TABLE contact;
