-- +goose Up
-- What the next year of a sold number costs: as announced, or as the year before.
ALTER TABLE number_order ADD COLUMN fee BIGINT NOT NULL DEFAULT 0 CHECK (fee >= 0);
UPDATE number_order SET fee = yearly;

-- +goose Down
ALTER TABLE number_order DROP COLUMN fee;
