-- +goose Up
-- How a telephone's sound is protected on its way between it and us: '' is as it offers.
ALTER TABLE device ADD COLUMN sound TEXT NOT NULL DEFAULT '' CHECK (sound IN ('', 'srtp', 'dtls', 'plain'));

-- +goose Down
ALTER TABLE device DROP COLUMN sound;
