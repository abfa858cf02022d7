-- +goose Up
-- How a device proves itself: '' by its SIP password, else by a pass of whoever is signed in. All browsers of a number are one.
ALTER TABLE device ADD COLUMN terminal TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX device_browser ON device (membership, calling_code) WHERE terminal = 'browser' AND revoked = 0;

-- +goose Down
DROP INDEX device_browser;
ALTER TABLE device DROP COLUMN terminal;
