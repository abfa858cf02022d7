-- One text for SQLite and PostgreSQL. Times are microseconds UTC, money is
-- micro-units, flags are 0 or 1, lists are JSON.

-- +goose Up
CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE account (
    id        TEXT   NOT NULL PRIMARY KEY,
    email     TEXT   NOT NULL UNIQUE CHECK (email <> ''),
    password  TEXT   NOT NULL,
    name      TEXT   NOT NULL CHECK (name <> ''),
    role      TEXT   NOT NULL CHECK (role IN ('member', 'operator')),
    country   TEXT   NOT NULL,
    language  TEXT   NOT NULL,
    time_zone TEXT   NOT NULL,
    created   BIGINT NOT NULL
);

CREATE TABLE session (
    hash    TEXT   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL REFERENCES account (id),
    expires BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

CREATE TABLE api_key (
    id      TEXT   NOT NULL PRIMARY KEY,
    hash    TEXT   NOT NULL UNIQUE,
    account TEXT   NOT NULL REFERENCES account (id),
    name    TEXT   NOT NULL,
    prefix  TEXT   NOT NULL,
    created BIGINT NOT NULL,
    revoked BIGINT NOT NULL
);
CREATE INDEX api_key_account ON api_key (account);

CREATE TABLE number_order (
    id           TEXT   NOT NULL PRIMARY KEY,
    account      TEXT   NOT NULL REFERENCES account (id),
    kind         TEXT   NOT NULL CHECK (kind IN ('individual', 'company')),
    calling_code TEXT   NOT NULL CHECK (calling_code <> ''),
    national     TEXT   NOT NULL CHECK (national <> ''),
    country      TEXT   NOT NULL CHECK (country <> ''),
    countries    TEXT   NOT NULL,
    refuse       BIGINT NOT NULL CHECK (refuse IN (0, 1)),
    proved       BIGINT NOT NULL CHECK (proved IN (0, 1)),
    off_in       TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('requested', 'in_review', 'approved', 'rejected', 'awaiting_payment',
                                                  'paid', 'sold', 'expired', 'cancelled', 'refunded')),
    reason_code  TEXT   NOT NULL,
    reason_text  TEXT   NOT NULL,
    currency     TEXT   NOT NULL,
    micros       BIGINT NOT NULL CHECK (micros >= 0),
    held_until   BIGINT NOT NULL,
    settling     BIGINT NOT NULL CHECK (settling IN (0, 1)),
    version      BIGINT NOT NULL,
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL
);
CREATE INDEX number_order_account ON number_order (account, id);
CREATE INDEX number_order_held ON number_order (held_until) WHERE held_until > 0;
CREATE UNIQUE INDEX number_order_one_sale ON number_order (kind, calling_code, national) WHERE state IN ('paid', 'sold');

CREATE TABLE order_event (
    order_id TEXT   NOT NULL REFERENCES number_order (id),
    seq      BIGINT NOT NULL,
    state    TEXT   NOT NULL,
    code     TEXT   NOT NULL,
    text     TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (order_id, seq)
);

-- Every form by which a number on hold or sold is dialled. Two numbers of
-- different pairs with equal digits collide here, whoever comes second.
CREATE TABLE claimed_form (
    digits       TEXT NOT NULL PRIMARY KEY,
    order_id     TEXT NOT NULL REFERENCES number_order (id),
    kind         TEXT NOT NULL CHECK (kind IN ('individual', 'company')),
    calling_code TEXT NOT NULL,
    national     TEXT NOT NULL
);
CREATE INDEX claimed_form_order ON claimed_form (order_id);

CREATE TABLE outbox (
    topic   TEXT   NOT NULL,
    ref     TEXT   NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (topic, ref)
);

CREATE TABLE membership (
    id             TEXT   NOT NULL PRIMARY KEY,
    account        TEXT   NOT NULL REFERENCES account (id),
    order_id       TEXT   NOT NULL UNIQUE REFERENCES number_order (id),
    kind           TEXT   NOT NULL CHECK (kind IN ('individual', 'company')),
    calling_code   TEXT   NOT NULL,
    national       TEXT   NOT NULL,
    country        TEXT   NOT NULL,
    contact_pstn   TEXT   NOT NULL,
    identification TEXT   NOT NULL,
    other_voip     TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    home_country   TEXT   NOT NULL,
    languages      TEXT   NOT NULL,
    email          TEXT   NOT NULL,
    time_zone      TEXT   NOT NULL,
    offices        TEXT   NOT NULL,
    devices        BIGINT NOT NULL,
    created        BIGINT NOT NULL,
    CHECK (contact_pstn <> '' OR identification <> '')
);
CREATE INDEX membership_account ON membership (account, id);

CREATE TABLE device (
    id           TEXT   NOT NULL PRIMARY KEY,
    membership   TEXT   NOT NULL REFERENCES membership (id),
    kind         TEXT   NOT NULL,
    calling_code TEXT   NOT NULL,
    national     TEXT   NOT NULL,
    country      TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    sip_user     TEXT   NOT NULL,
    md5          TEXT   NOT NULL,
    sha256       TEXT   NOT NULL,
    created      BIGINT NOT NULL,
    revoked      BIGINT NOT NULL
);
CREATE INDEX device_membership ON device (membership, id);
CREATE UNIQUE INDEX device_sip_user ON device (sip_user) WHERE revoked = 0;

CREATE TABLE ledger_account (
    id       TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL CHECK (kind IN ('wallet', 'revenue', 'promotion', 'clearing')),
    owner    TEXT   NOT NULL,
    currency TEXT   NOT NULL CHECK (currency <> ''),
    balance  BIGINT NOT NULL,
    lowest   BIGINT NOT NULL,
    entries  BIGINT NOT NULL,
    opened   BIGINT NOT NULL,
    CHECK (balance >= lowest)
);

CREATE TABLE ledger_posting (
    id       TEXT   NOT NULL PRIMARY KEY,
    idem_key TEXT   NOT NULL UNIQUE,
    digest   TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    ref      TEXT   NOT NULL,
    memo     TEXT   NOT NULL,
    reverses TEXT   NOT NULL,
    at       BIGINT NOT NULL
);

CREATE TABLE ledger_entry (
    account  TEXT   NOT NULL REFERENCES ledger_account (id),
    seq      BIGINT NOT NULL,
    posting  TEXT   NOT NULL REFERENCES ledger_posting (id),
    currency TEXT   NOT NULL,
    micros   BIGINT NOT NULL CHECK (micros <> 0),
    balance  BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (account, seq)
);
CREATE INDEX ledger_entry_posting ON ledger_entry (posting);

CREATE TABLE cdr (
    id           TEXT   NOT NULL PRIMARY KEY,
    call_id      TEXT   NOT NULL,
    side         TEXT   NOT NULL CHECK (side IN ('origin', 'home', 'visit')),
    center       TEXT   NOT NULL,
    from_account TEXT   NOT NULL,
    from_kind    TEXT   NOT NULL,
    from_code    TEXT   NOT NULL,
    from_number  TEXT   NOT NULL,
    from_text    TEXT   NOT NULL,
    to_account   TEXT   NOT NULL,
    to_kind      TEXT   NOT NULL,
    to_code      TEXT   NOT NULL,
    to_number    TEXT   NOT NULL,
    to_text      TEXT   NOT NULL,
    dialled      TEXT   NOT NULL,
    started      BIGINT NOT NULL,
    answered     BIGINT NOT NULL,
    ended        BIGINT NOT NULL,
    cause        TEXT   NOT NULL,
    currency     TEXT   NOT NULL,
    micros       BIGINT NOT NULL,
    UNIQUE (call_id, side, center)
);
CREATE INDEX cdr_from ON cdr (from_account, started, id);
CREATE INDEX cdr_to ON cdr (to_account, started, id);

-- +goose Down
DROP TABLE cdr;
DROP TABLE ledger_entry;
DROP TABLE ledger_posting;
DROP TABLE ledger_account;
DROP TABLE device;
DROP TABLE membership;
DROP TABLE outbox;
DROP TABLE claimed_form;
DROP TABLE order_event;
DROP TABLE number_order;
DROP TABLE api_key;
DROP TABLE session;
DROP TABLE account;
DROP TABLE setting;
