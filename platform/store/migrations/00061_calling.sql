-- +goose Up
-- Which calls of a number ring on elsewhere, as JSON ('': its holder has not
-- chosen yet), and what its own calls show.
ALTER TABLE membership ADD COLUMN forwarding TEXT NOT NULL DEFAULT '';
ALTER TABLE membership ADD COLUMN caller_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE membership DROP COLUMN caller_id;
ALTER TABLE membership DROP COLUMN forwarding;
