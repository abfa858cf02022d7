-- +goose Up
-- The process that a hold is for: if it dies, what is not a call under way is let go at once, and not only when it expires.
ALTER TABLE ledger_hold ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX ledger_hold_owner ON ledger_hold (owner);

-- +goose Down
DROP INDEX ledger_hold_owner;
ALTER TABLE ledger_hold DROP COLUMN owner;
