-- +goose Up
-- Calls have a tax of their own.
CREATE TABLE tax_rule_of_all (
    id         TEXT   NOT NULL PRIMARY KEY,
    country    TEXT   NOT NULL CHECK (country <> ''),
    kind       TEXT   NOT NULL CHECK (kind IN ('individual', 'company', 'calls')),
    name       TEXT   NOT NULL CHECK (name <> ''),
    rate       BIGINT NOT NULL CHECK (rate BETWEEN 0 AND 1000000),
    valid_from BIGINT NOT NULL,
    UNIQUE (country, kind, valid_from)
);
INSERT INTO tax_rule_of_all SELECT id, country, kind, name, rate, valid_from FROM tax_rule;
DROP TABLE tax_rule;
ALTER TABLE tax_rule_of_all RENAME TO tax_rule;

-- +goose Down
DELETE FROM tax_rule WHERE kind = 'calls';
