-- +goose Up
-- Money that is promised and not yet spent: a call under way. It is still in the balance, and not available.
ALTER TABLE ledger_account ADD COLUMN held BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0);

CREATE TABLE ledger_hold (
    id       TEXT   NOT NULL PRIMARY KEY,
    account  TEXT   NOT NULL REFERENCES ledger_account (id),
    currency TEXT   NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros > 0),
    ref      TEXT   NOT NULL,
    expires  BIGINT NOT NULL CHECK (expires > 0)
);
CREATE INDEX ledger_hold_account ON ledger_hold (account);
CREATE INDEX ledger_hold_expires ON ledger_hold (expires);

-- +goose Down
DROP TABLE ledger_hold;
ALTER TABLE ledger_account DROP COLUMN held;
