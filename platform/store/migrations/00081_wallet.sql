-- +goose Up
-- What the operator has agreed with a member. Without a row: prepaid. How far his wallet may go below zero is also the floor of its account.
CREATE TABLE wallet_terms (
    account   TEXT   NOT NULL PRIMARY KEY REFERENCES account (id),
    kind      TEXT   NOT NULL CHECK (kind IN ('prepaid', 'postpaid')),
    credit    BIGINT NOT NULL CHECK (credit >= 0 AND (credit = 0 OR kind = 'postpaid')),
    days      BIGINT NOT NULL CHECK (days >= 0),
    suspended TEXT   NOT NULL,
    changed   BIGINT NOT NULL
);

-- Below what a member is told that little is left, and how far his wallet was looked at.
CREATE TABLE wallet_watch (
    account   TEXT   NOT NULL PRIMARY KEY REFERENCES account (id),
    threshold BIGINT,                             -- null: the usual; below zero: off
    seen      BIGINT NOT NULL CHECK (seen >= 0),  -- entries of the wallet
    low       BIGINT NOT NULL CHECK (low IN (0, 1)),
    cut       BIGINT NOT NULL CHECK (cut IN (0, 1))
);

-- What staff agrees with a member stands with what else staff did.
CREATE TABLE account_event_of_all (
    id      TEXT   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL REFERENCES account (id),
    code    TEXT   NOT NULL CHECK (code IN ('barred', 'lifted', 'noted', 'terms', 'suspended', 'resumed')),
    text    TEXT   NOT NULL,
    actor   TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
INSERT INTO account_event_of_all SELECT id, account, code, text, actor, name, at FROM account_event;
DROP TABLE account_event;
ALTER TABLE account_event_of_all RENAME TO account_event;
CREATE INDEX account_event_account ON account_event (account, id);

-- +goose Down
DROP TABLE wallet_watch;
DROP TABLE wallet_terms;
