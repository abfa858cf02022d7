-- +goose Up
-- The telephone at which a member signed in by keypad: what it calls is his, and what is lent to him rings there.
ALTER TABLE device ADD COLUMN host TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE device DROP COLUMN host;
