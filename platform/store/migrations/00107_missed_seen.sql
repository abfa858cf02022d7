-- +goose Up
-- Up to which moment an account has looked at its missed calls: those that ended later light the lamps of its telephones.
CREATE TABLE missed_seen (
    account TEXT   NOT NULL PRIMARY KEY,
    upto    BIGINT NOT NULL CHECK (upto > 0)
);

-- +goose Down
DROP TABLE missed_seen;
