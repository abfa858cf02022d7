-- +goose Up
-- The operator's recordings in the place of spoken prompts: µ-law of 8000 Hz.
CREATE TABLE prompt_recording (
    name    TEXT   NOT NULL PRIMARY KEY CHECK (name <> ''),
    body    BYTEA  NOT NULL,
    account TEXT   NOT NULL,
    made    BIGINT NOT NULL CHECK (made > 0)
);

-- +goose Down
DROP TABLE prompt_recording;
