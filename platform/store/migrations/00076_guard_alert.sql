-- +goose Up
-- What the operator should look at: of one kind and subject at most one that is not closed.
CREATE TABLE guard_alert (
    id       TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind <> ''),
    subject  TEXT   NOT NULL CHECK (subject <> ''),
    first    BIGINT NOT NULL,
    last     BIGINT NOT NULL,
    calls    BIGINT NOT NULL,
    text     TEXT   NOT NULL,
    evidence TEXT   NOT NULL CHECK (evidence LIKE '{%'),
    state    TEXT   NOT NULL CHECK (state IN ('open', 'acknowledged', 'closed')),
    note     TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    changed  BIGINT NOT NULL
);
CREATE UNIQUE INDEX guard_alert_one ON guard_alert (kind, subject) WHERE state <> 'closed';
CREATE INDEX guard_alert_state ON guard_alert (state, id);

-- +goose Down
DROP TABLE guard_alert;
