-- +goose Up
-- Packages of minutes that are sold, or were. What one holds and costs is never changed.
CREATE TABLE package (
    id       TEXT   NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL CHECK (name <> ''),
    names    TEXT   NOT NULL CHECK (names LIKE '{%'),    -- by language
    currency TEXT   NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros > 0),         -- without tax
    seconds  BIGINT NOT NULL CHECK (seconds > 0),
    prefixes TEXT   NOT NULL CHECK (prefixes LIKE '[%'), -- of telephone numbers; with a minus in front: not those
    days     BIGINT NOT NULL CHECK (days >= 0),          -- 0: a month
    renews   BIGINT NOT NULL CHECK (renews IN (0, 1)),
    state    TEXT   NOT NULL CHECK (state IN ('sale', 'kept', 'ended')),
    created  BIGINT NOT NULL CHECK (created > 0),
    changed  BIGINT NOT NULL CHECK (changed > 0)
);

-- What an account bought of one, for one period. What is used and held is never more than there is.
CREATE TABLE allowance (
    id       TEXT   NOT NULL PRIMARY KEY,
    purchase TEXT   NOT NULL,                        -- of the first of its periods
    period   BIGINT NOT NULL CHECK (period >= 0),
    account  TEXT   NOT NULL,
    package  TEXT   NOT NULL REFERENCES package (id),
    currency TEXT   NOT NULL,
    net      BIGINT NOT NULL CHECK (net > 0),
    tax_name TEXT   NOT NULL,
    tax_rate BIGINT NOT NULL CHECK (tax_rate >= 0),
    tax      BIGINT NOT NULL CHECK (tax >= 0),
    country  TEXT   NOT NULL,                        -- whose tax
    anchor   BIGINT NOT NULL CHECK (anchor > 0),     -- from which its periods are counted
    step     BIGINT NOT NULL CHECK (step >= 0),      -- how many have passed since
    begins   BIGINT NOT NULL CHECK (begins > 0),
    ends     BIGINT NOT NULL CHECK (ends > begins),
    total    BIGINT NOT NULL CHECK (total > 0),
    used     BIGINT NOT NULL CHECK (used >= 0),
    held     BIGINT NOT NULL CHECK (held >= 0),      -- for calls under way
    earned   BIGINT NOT NULL CHECK (earned >= 0 AND earned <= net),
    looked   BIGINT NOT NULL CHECK (looked >= 0),    -- the day when what is earned was booked last
    told     BIGINT NOT NULL CHECK (told IN (0, 80, 100)),
    quiet    BIGINT NOT NULL CHECK (quiet IN (0, 1)),
    renews   BIGINT NOT NULL CHECK (renews IN (0, 1)),
    closed   BIGINT NOT NULL CHECK (closed IN (0, 1)),
    UNIQUE (purchase, period),
    CHECK (used + held <= total)
);
CREATE INDEX allowance_account ON allowance (account, ends);
CREATE INDEX allowance_closed ON allowance (closed, ends);

-- Seconds of an allowance that are promised to a call under way.
CREATE TABLE package_hold (
    hold      TEXT   NOT NULL,                     -- as of its money
    allowance TEXT   NOT NULL REFERENCES allowance (id),
    account   TEXT   NOT NULL,
    turn      BIGINT NOT NULL CHECK (turn >= 0),   -- in which they are used
    seconds   BIGINT NOT NULL CHECK (seconds > 0),
    owner     TEXT   NOT NULL,                     -- the process that settles it
    expires   BIGINT NOT NULL CHECK (expires > 0),
    PRIMARY KEY (hold, allowance)
);
CREATE INDEX package_hold_allowance ON package_hold (allowance);
CREATE INDEX package_hold_account ON package_hold (account);
CREATE INDEX package_hold_owner ON package_hold (owner);
CREATE INDEX package_hold_expires ON package_hold (expires);

-- +goose Down
DROP TABLE package_hold;
DROP TABLE allowance;
DROP TABLE package;
