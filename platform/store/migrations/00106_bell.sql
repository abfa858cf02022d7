-- +goose Up
-- Browsers that ring when they are closed. One lasts as long as the session it was made in; instance is how it registers when it is open.
CREATE TABLE push_browser (
    id       TEXT   NOT NULL PRIMARY KEY,
    account  TEXT   NOT NULL CHECK (account <> ''),
    session  TEXT   NOT NULL CHECK (session <> ''),
    endpoint TEXT   NOT NULL UNIQUE,
    p256dh   TEXT   NOT NULL,
    auth     TEXT   NOT NULL,
    instance TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    created  BIGINT NOT NULL CHECK (created > 0)
);
CREATE INDEX push_browser_account ON push_browser (account, created);
CREATE INDEX push_browser_session ON push_browser (session);

-- How its holder learns of calls that a number missed; without a row by push, where a browser has that.
CREATE TABLE missed_choice (
    membership TEXT   NOT NULL PRIMARY KEY,
    push       BIGINT NOT NULL CHECK (push IN (0, 1)),
    mail       BIGINT NOT NULL CHECK (mail IN (0, 1))
);

-- Missed calls that somebody is told of, each once however many records there are of it.
CREATE TABLE missed_call (
    call       TEXT   NOT NULL,
    account    TEXT   NOT NULL,
    membership TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    national   TEXT   NOT NULL,
    caller     TEXT   NOT NULL,
    started    BIGINT NOT NULL,
    mail       TEXT   NOT NULL CHECK (mail IN ('none', 'waiting', 'sent')),
    PRIMARY KEY (call, account)
);
CREATE INDEX missed_call_mail ON missed_call (account, started) WHERE mail = 'waiting';
CREATE INDEX missed_call_started ON missed_call (started);

-- What is still to be sent of them to browsers.
CREATE TABLE missed_push (
    call    TEXT   NOT NULL,
    account TEXT   NOT NULL,
    browser TEXT   NOT NULL,
    tries   BIGINT NOT NULL,
    due     BIGINT NOT NULL,
    PRIMARY KEY (call, account, browser)
);
CREATE INDEX missed_push_due ON missed_push (due);

-- When an account had its last letter of them.
CREATE TABLE missed_letter (
    account TEXT   NOT NULL PRIMARY KEY,
    sent    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE missed_letter;
DROP TABLE missed_push;
DROP TABLE missed_call;
DROP TABLE missed_choice;
DROP TABLE push_browser;
