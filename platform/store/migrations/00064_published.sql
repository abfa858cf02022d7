-- +goose Up
-- What the holder of a number lets everybody see of it, as JSON; '': nothing.
ALTER TABLE membership ADD COLUMN published TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE membership DROP COLUMN published;
