-- +goose Up
-- Which of a membership's own numbers its holder has proved: E.164, as JSON.
ALTER TABLE membership ADD COLUMN proved TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE membership DROP COLUMN proved;
