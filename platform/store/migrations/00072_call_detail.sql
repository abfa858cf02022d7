-- +goose Up
-- What else is known of a call, as JSON: its legs, the decision, the quality, who ended it. Of calls before this, nothing.
ALTER TABLE cdr ADD COLUMN detail TEXT NOT NULL DEFAULT '' CHECK (detail = '' OR detail LIKE '{%');

-- +goose Down
ALTER TABLE cdr DROP COLUMN detail;
