-- +goose Up
CREATE TABLE tax_rule (
    id         TEXT   NOT NULL PRIMARY KEY,
    country    TEXT   NOT NULL CHECK (country <> ''),
    kind       TEXT   NOT NULL CHECK (kind IN ('individual', 'company')),
    name       TEXT   NOT NULL CHECK (name <> ''),
    rate       BIGINT NOT NULL CHECK (rate BETWEEN 0 AND 1000000),
    valid_from BIGINT NOT NULL,
    UNIQUE (country, kind, valid_from)
);

-- +goose Down
DROP TABLE tax_rule;
