-- +goose Up
-- What calls of an account did cost, by day of UTC (days since 1970): counted where the charge is booked.
CREATE TABLE call_spend (
    account  TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    day      BIGINT NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros >= 0),
    calls    BIGINT NOT NULL CHECK (calls >= 0),
    PRIMARY KEY (account, currency, day)
);
INSERT INTO call_spend (account, currency, day, micros, calls)
SELECT a.owner, e.currency, e.at / 86400000000, CAST(SUM(-e.micros) AS BIGINT), COUNT(*) FROM ledger_entry e
JOIN ledger_posting p ON p.id = e.posting JOIN ledger_account a ON a.id = e.account
WHERE p.kind = 'call' AND a.kind = 'wallet' AND e.micros < 0 GROUP BY a.owner, e.currency, e.at / 86400000000;

-- What holders and the operator set of accounts: limits as JSON. A pause keeps calls that cost from it for a while.
CREATE TABLE guard_account (
    account TEXT   NOT NULL PRIMARY KEY,
    class   TEXT   NOT NULL CHECK (class IN ('', 'new', 'known', 'trusted')),
    own     TEXT   NOT NULL CHECK (own LIKE '{%'),
    ceiling TEXT   NOT NULL CHECK (ceiling LIKE '{%'),
    changed BIGINT NOT NULL
);
CREATE INDEX guard_account_changed ON guard_account (changed);

CREATE TABLE guard_stop (
    account TEXT   NOT NULL PRIMARY KEY,
    until   BIGINT NOT NULL CHECK (until > 0),
    why     TEXT   NOT NULL
);

-- Closed destinations that an account has opened: "+8816", "LV".
CREATE TABLE guard_open (
    account TEXT   NOT NULL,
    what    TEXT   NOT NULL CHECK (what <> ''),
    opened  BIGINT NOT NULL,
    PRIMARY KEY (account, what)
);

-- What the operator set, each version.
CREATE TABLE guard_rule (
    name    TEXT   NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    value   TEXT   NOT NULL,
    actor   TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);

-- Calls that were refused.
CREATE TABLE guard_block (
    id        TEXT   NOT NULL PRIMARY KEY,
    at        BIGINT NOT NULL,
    account   TEXT   NOT NULL,
    call_id   TEXT   NOT NULL,
    called    TEXT   NOT NULL,
    forwarded BIGINT NOT NULL CHECK (forwarded IN (0, 1)),
    code      TEXT   NOT NULL,
    text      TEXT   NOT NULL
);
CREATE INDEX guard_block_account ON guard_block (account, id);
CREATE INDEX guard_block_call ON guard_block (call_id);
CREATE INDEX guard_block_at ON guard_block (at);

CREATE INDEX incoming_account ON incoming (account);

-- +goose Down
DROP INDEX incoming_account;
DROP TABLE guard_block;
DROP TABLE guard_rule;
DROP TABLE guard_open;
DROP TABLE guard_stop;
DROP TABLE guard_account;
DROP TABLE call_spend;
