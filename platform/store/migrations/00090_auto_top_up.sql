-- +goose Up
-- How a wallet is filled by itself: the card that was saved at the provider, of which only what people know it by is kept, and
-- the rule: below so much add so much, and no more than so much in a month.
CREATE TABLE auto_top_up (
    account  TEXT   NOT NULL PRIMARY KEY REFERENCES account (id),
    customer TEXT   NOT NULL,                              -- the provider's ids
    method   TEXT   NOT NULL,                              -- '': no card
    brand    TEXT   NOT NULL,
    last4    TEXT   NOT NULL CHECK (LENGTH(last4) <= 4),
    expires  TEXT   NOT NULL,                              -- 2030-04
    setup    TEXT   NOT NULL,                              -- the session in which a card is being saved
    look     BIGINT NOT NULL,                              -- when the provider is asked about that; 0: never
    below    BIGINT NOT NULL CHECK (below >= 0),
    adds     BIGINT NOT NULL CHECK (adds >= below),
    most     BIGINT NOT NULL CHECK (most >= adds),
    active   BIGINT NOT NULL CHECK (active = 0 OR active = 1 AND method <> '' AND below > 0),
    armed    BIGINT NOT NULL CHECK (armed IN (0, 1)),      -- there was more since it was ordered last
    seen     BIGINT NOT NULL CHECK (seen >= 0),            -- entries of the wallet that were looked at
    stopped  TEXT   NOT NULL CHECK (stopped IN ('', 'declined', 'expired', 'confirm')),
    changed  BIGINT NOT NULL
);
CREATE INDEX auto_top_up_look ON auto_top_up (look) WHERE look > 0;

-- Each time it was ordered. One at a time for each wallet.
CREATE TABLE auto_charge (
    id       TEXT   NOT NULL PRIMARY KEY,
    account  TEXT   NOT NULL,
    customer TEXT   NOT NULL,
    method   TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros > 0),
    state    TEXT   NOT NULL CHECK (state IN ('waiting', 'done', 'failed', 'dropped')),
    payment  TEXT   NOT NULL,
    refused  BIGINT NOT NULL CHECK (refused >= 0),         -- times
    asked    BIGINT NOT NULL CHECK (asked >= 0),           -- times without an answer since
    due      BIGINT NOT NULL,
    error    TEXT   NOT NULL,
    created  BIGINT NOT NULL
);
CREATE UNIQUE INDEX auto_charge_one ON auto_charge (account) WHERE state = 'waiting';
CREATE INDEX auto_charge_due ON auto_charge (due) WHERE state = 'waiting';
CREATE INDEX auto_charge_month ON auto_charge (account, created);
CREATE INDEX incoming_contested ON incoming (account) WHERE dispute = 'open';

-- +goose Down
DROP INDEX incoming_contested;
DROP TABLE auto_charge;
DROP TABLE auto_top_up;
