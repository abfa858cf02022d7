-- +goose Up
-- What was answered to requests with an Idempotency-Key, for a day.
CREATE TABLE answer (
	account TEXT NOT NULL,
	key TEXT NOT NULL,
	digest TEXT NOT NULL,
	status BIGINT NOT NULL CHECK (status = 0 OR status BETWEEN 100 AND 599),
	type TEXT NOT NULL,
	body TEXT NOT NULL,
	claimed BIGINT NOT NULL CHECK (claimed > 0),
	PRIMARY KEY (account, key)
);
CREATE INDEX answer_by_age ON answer (claimed);

-- +goose Down
DROP TABLE answer;
