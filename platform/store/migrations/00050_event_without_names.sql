-- +goose Up
-- To whom a number was offered or given stands with the offer, where it is
-- forgotten with the account. The steps of an order say only what happened.
UPDATE order_event SET text = '' WHERE code IN ('offered', 'offer_withdrawn', 'transferred');
UPDATE transfer SET email = 'erased' WHERE giver IN (SELECT id FROM account WHERE erased > 0);
CREATE INDEX number_order_refused ON number_order (account, created) WHERE state = 'rejected';

-- +goose Down
DROP INDEX number_order_refused;
