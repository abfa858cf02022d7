-- +goose Up
-- Whether a number is kept out of what others look up (ENUM): 1 is.
ALTER TABLE membership ADD COLUMN unlisted BIGINT NOT NULL DEFAULT 0 CHECK (unlisted IN (0, 1));

-- +goose Down
ALTER TABLE membership DROP COLUMN unlisted;
