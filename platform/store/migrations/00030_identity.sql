-- +goose Up
-- Who an account is: proved address, languages, the business behind it; and
-- when it was erased.
ALTER TABLE account ADD COLUMN confirmed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN languages TEXT NOT NULL DEFAULT '[]';
ALTER TABLE account ADD COLUMN company TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN tax_id TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN erased BIGINT NOT NULL DEFAULT 0;

-- Where an account is signed in, and when its holder last proved himself.
ALTER TABLE session ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN proved BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN source TEXT NOT NULL DEFAULT '';

ALTER TABLE api_key ADD COLUMN used BIGINT NOT NULL DEFAULT 0;

-- Links that were sent by e-mail. Only hashes; each works once.
CREATE TABLE account_token (
    hash    TEXT   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL REFERENCES account (id),
    kind    TEXT   NOT NULL CHECK (kind IN ('confirm', 'move', 'reset')),
    email   TEXT   NOT NULL CHECK (email <> ''),
    expires BIGINT NOT NULL CHECK (expires > 0)
);
CREATE INDEX account_token_account ON account_token (account, kind);

CREATE TABLE passkey (
    id         TEXT   NOT NULL PRIMARY KEY,
    account    TEXT   NOT NULL REFERENCES account (id),
    credential TEXT   NOT NULL UNIQUE CHECK (credential <> ''),
    name       TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    created    BIGINT NOT NULL,
    used       BIGINT NOT NULL
);
CREATE INDEX passkey_account ON passkey (account, id);

-- What was asked of a passkey and is not answered yet.
CREATE TABLE passkey_question (
    hash    TEXT   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL,
    data    TEXT   NOT NULL,
    expires BIGINT NOT NULL CHECK (expires > 0)
);
CREATE INDEX passkey_question_expires ON passkey_question (expires);

-- +goose Down
DROP TABLE passkey_question;
DROP TABLE passkey;
DROP TABLE account_token;
ALTER TABLE api_key DROP COLUMN used;
ALTER TABLE session DROP COLUMN source;
ALTER TABLE session DROP COLUMN browser;
ALTER TABLE session DROP COLUMN proved;
ALTER TABLE session DROP COLUMN seen;
ALTER TABLE session DROP COLUMN created;
ALTER TABLE session DROP COLUMN id;
ALTER TABLE account DROP COLUMN erased;
ALTER TABLE account DROP COLUMN address;
ALTER TABLE account DROP COLUMN tax_id;
ALTER TABLE account DROP COLUMN company;
ALTER TABLE account DROP COLUMN languages;
ALTER TABLE account DROP COLUMN confirmed;
