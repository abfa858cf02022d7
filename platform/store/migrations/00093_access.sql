-- +goose Up
-- Telephone numbers at which the house answers.
CREATE TABLE access_number (
    e164     TEXT   NOT NULL PRIMARY KEY CHECK (e164 LIKE '+%'),
    carrier  TEXT   NOT NULL CHECK (carrier <> ''),
    country  TEXT   NOT NULL CHECK (country <> ''),
    language TEXT   NOT NULL CHECK (language <> ''),
    added    BIGINT NOT NULL CHECK (added > 0)
);

-- What members set for calls from telephones that are not signed in.
CREATE TABLE access_setting (
    account   TEXT   NOT NULL PRIMARY KEY CHECK (account <> ''),
    recognise BIGINT NOT NULL CHECK (recognise IN (0, 1)),
    ask_pin   BIGINT NOT NULL CHECK (ask_pin IN (0, 1)),
    say_price BIGINT NOT NULL CHECK (say_price IN (0, 1)),
    ring_back BIGINT NOT NULL CHECK (ring_back IN (0, 1)),
    changed   BIGINT NOT NULL CHECK (changed > 0)
);

-- Their short numbers.
CREATE TABLE short_number (
    account TEXT   NOT NULL CHECK (account <> ''),
    digits  BIGINT NOT NULL CHECK (digits BETWEEN 1 AND 99),
    dial    TEXT   NOT NULL CHECK (dial <> ''),
    PRIMARY KEY (account, digits)
);

-- +goose Down
DROP TABLE short_number;
DROP TABLE access_setting;
DROP TABLE access_number;
