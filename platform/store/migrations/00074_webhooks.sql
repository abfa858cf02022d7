-- +goose Up
-- Where the operator has events sent. The secret is sealed; failing is since when nothing has got through.
CREATE TABLE hook_endpoint (
    id       TEXT   NOT NULL PRIMARY KEY,
    url      TEXT   NOT NULL,
    events   TEXT   NOT NULL CHECK (events LIKE '[%'),
    secret   TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    failing  BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    why      TEXT   NOT NULL
);

-- What is sent there. One is written in the transaction of what it tells of; of a call record it has the id alone, for that never changes.
CREATE TABLE hook_delivery (
    endpoint TEXT   NOT NULL,
    event    TEXT   NOT NULL,
    type     TEXT   NOT NULL,
    ref      TEXT   NOT NULL,
    body     TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('waiting', 'sent', 'dead')),
    tries    BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    status   BIGINT NOT NULL,
    error    TEXT   NOT NULL,
    done     BIGINT NOT NULL,
    PRIMARY KEY (endpoint, event)
);
CREATE INDEX hook_due ON hook_delivery (endpoint, due) WHERE state = 'waiting';
CREATE INDEX hook_log ON hook_delivery (endpoint, created, event);

-- +goose Down
DROP TABLE hook_delivery;
DROP TABLE hook_endpoint;
