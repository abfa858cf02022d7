-- +goose Up
-- Whom the operator keeps from signing in, since when and why; and what staff
-- did with an account.
ALTER TABLE account ADD COLUMN barred BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN barred_why TEXT NOT NULL DEFAULT '';

CREATE TABLE account_event (
    id      TEXT   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL REFERENCES account (id),
    code    TEXT   NOT NULL CHECK (code IN ('barred', 'lifted', 'noted')),
    text    TEXT   NOT NULL,
    actor   TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX account_event_account ON account_event (account, id);

-- +goose Down
DROP TABLE account_event;
ALTER TABLE account DROP COLUMN barred_why;
ALTER TABLE account DROP COLUMN barred;
