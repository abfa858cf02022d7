-- +goose Up
-- What is owed to carriers and by them, what their calls cost, and what is paid before it is earned, have accounts of their own kinds. That
-- the account and the posting of an entry are there is sure without foreign keys: one is updated, the other written, in the same transaction;
-- looking both up again for each entry cost a fifth of a posting. The audit finds what should not be.
CREATE TABLE ledger_entry_new (
    account  TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    posting  TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros <> 0),
    balance  BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (account, seq)
);
INSERT INTO ledger_entry_new (account, seq, posting, currency, micros, balance, at) SELECT account, seq, posting, currency, micros, balance, at FROM ledger_entry;
DROP TABLE ledger_entry;
ALTER TABLE ledger_entry_new RENAME TO ledger_entry;
CREATE INDEX ledger_entry_posting ON ledger_entry (posting);

CREATE TABLE ledger_hold_new (
    id       TEXT   NOT NULL PRIMARY KEY,
    account  TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros > 0),
    ref      TEXT   NOT NULL,
    owner    TEXT   NOT NULL,
    expires  BIGINT NOT NULL CHECK (expires > 0)
);
INSERT INTO ledger_hold_new (id, account, currency, micros, ref, owner, expires) SELECT id, account, currency, micros, ref, owner, expires FROM ledger_hold;
DROP TABLE ledger_hold;
ALTER TABLE ledger_hold_new RENAME TO ledger_hold;
CREATE INDEX ledger_hold_account ON ledger_hold (account);
CREATE INDEX ledger_hold_owner ON ledger_hold (owner);
CREATE INDEX ledger_hold_expires ON ledger_hold (expires);

CREATE TABLE ledger_account_new (
    id       TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind IN ('wallet', 'revenue', 'promotion', 'clearing', 'payable', 'receivable', 'cost', 'deferred')),
    owner    TEXT   NOT NULL,
    currency TEXT   NOT NULL CHECK (currency <> ''),
    balance  BIGINT NOT NULL,
    held     BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0),
    lowest   BIGINT NOT NULL,
    entries  BIGINT NOT NULL,
    opened   BIGINT NOT NULL,
    CHECK (balance - held >= lowest)
);
INSERT INTO ledger_account_new (id, kind, owner, currency, balance, held, lowest, entries, opened)
SELECT id, kind, owner, currency, balance, held, lowest, entries, opened FROM ledger_account;
DROP TABLE ledger_account;
ALTER TABLE ledger_account_new RENAME TO ledger_account;

-- +goose Down
CREATE TABLE ledger_account_old (
    id       TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind IN ('wallet', 'revenue', 'promotion', 'clearing')),
    owner    TEXT   NOT NULL,
    currency TEXT   NOT NULL CHECK (currency <> ''),
    balance  BIGINT NOT NULL,
    held     BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0),
    lowest   BIGINT NOT NULL,
    entries  BIGINT NOT NULL,
    opened   BIGINT NOT NULL,
    CHECK (balance >= lowest)
);
INSERT INTO ledger_account_old (id, kind, owner, currency, balance, held, lowest, entries, opened)
SELECT id, CASE WHEN kind IN ('wallet', 'revenue', 'promotion') THEN kind ELSE 'clearing' END, owner, currency, balance, held, lowest, entries, opened FROM ledger_account;
DROP TABLE ledger_account;
ALTER TABLE ledger_account_old RENAME TO ledger_account;
