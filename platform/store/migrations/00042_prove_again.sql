-- +goose Up
-- Until when the holder of an own telephone number has to prove it again.
ALTER TABLE number_order ADD COLUMN prove_by BIGINT NOT NULL DEFAULT 0;
ALTER TABLE number_order ADD COLUMN prove_asked BIGINT NOT NULL DEFAULT 0;
CREATE INDEX number_order_prove_by ON number_order (prove_by) WHERE prove_by > 0;

-- +goose Down
DROP INDEX number_order_prove_by;
ALTER TABLE number_order DROP COLUMN prove_asked;
ALTER TABLE number_order DROP COLUMN prove_by;
