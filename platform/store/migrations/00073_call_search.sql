-- +goose Up
CREATE INDEX cdr_started ON cdr (started, id);

-- +goose Down
DROP INDEX cdr_started;
