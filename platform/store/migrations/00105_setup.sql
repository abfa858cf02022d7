-- +goose Up
-- Links by which telephones fetch their settings. A link belongs to the telephone that fetched by it first. Passwords are not
-- here: each is made for the answer it stands in.
CREATE TABLE setup_link (
    id          TEXT   NOT NULL PRIMARY KEY,
    hash        TEXT   NOT NULL UNIQUE,                        -- of its token
    account     TEXT   NOT NULL REFERENCES account (id),
    membership  TEXT   NOT NULL REFERENCES membership (id),
    device      TEXT   NOT NULL REFERENCES device (id),
    kind        TEXT   NOT NULL CHECK (kind IN ('linphone', 'yealink', 'grandstream', 'snom')),
    mac         TEXT   NOT NULL CHECK (LENGTH(mac) IN (0, 12)),
    created     BIGINT NOT NULL,
    until       BIGINT NOT NULL CHECK (until > created),
    fetched     BIGINT NOT NULL,                               -- first; 0: it waits
    network     TEXT   NOT NULL,                               -- where from, and what it calls itself
    agent       TEXT   NOT NULL,
    told        BIGINT NOT NULL CHECK (told IN (0, 1)),        -- it names its MAC address there
    again       BIGINT NOT NULL,                               -- last
    times       BIGINT NOT NULL CHECK (times >= 0),
    settled     BIGINT NOT NULL CHECK (settled IN (0, 1)),     -- the password goes along no more
    refused     BIGINT NOT NULL CHECK (refused >= 0),          -- how often others tried, and the last of them
    refused_at  BIGINT NOT NULL,
    refused_by  TEXT   NOT NULL,
    refused_net TEXT   NOT NULL,
    revoked     BIGINT NOT NULL,
    CHECK ((fetched = 0) = (times = 0)),
    CHECK ((kind = 'linphone') = (mac = ''))
);
CREATE INDEX setup_link_membership ON setup_link (membership, id);
CREATE INDEX setup_link_device ON setup_link (device) WHERE revoked = 0;

-- +goose Down
DROP TABLE setup_link;
