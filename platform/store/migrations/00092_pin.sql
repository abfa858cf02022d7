-- +goose Up
-- The PINs by which members prove on a keypad that it is they. wrong is in a row;
-- locks is how often it was locked since its holder unlocked it.
CREATE TABLE pin (
    account TEXT   NOT NULL PRIMARY KEY CHECK (account <> ''),
    hash    TEXT   NOT NULL CHECK (hash LIKE '$argon2id$%'),
    made    BIGINT NOT NULL CHECK (made > 0),
    wrong   BIGINT NOT NULL CHECK (wrong BETWEEN 0 AND 5),
    locks   BIGINT NOT NULL CHECK (locks >= 0),
    until   BIGINT NOT NULL CHECK (until >= 0)
);

-- +goose Down
DROP TABLE pin;
