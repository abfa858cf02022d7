-- +goose Up
-- Proofs of control over telephone numbers, by a code spoken in a call.
CREATE TABLE proof (
	id TEXT NOT NULL PRIMARY KEY,
	account TEXT NOT NULL CHECK (account <> ''),
	e164 TEXT NOT NULL CHECK (e164 LIKE '+%'),
	country TEXT NOT NULL,
	purpose TEXT NOT NULL CHECK (purpose IN ('own_phone', 'root', 'contact', 'other_voip')),
	language TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('calling', 'spoken', 'proved', 'failed')),
	reason_code TEXT NOT NULL,
	reason_text TEXT NOT NULL,
	hash TEXT NOT NULL CHECK (hash <> ''),
	guesses BIGINT NOT NULL CHECK (guesses BETWEEN 0 AND 5),
	created BIGINT NOT NULL CHECK (created > 0),
	until BIGINT NOT NULL CHECK (until > 0)
);
CREATE INDEX proof_by_number ON proof (account, e164, purpose);

-- How many calls were made since when, by number, prefix and account.
CREATE TABLE proof_count (
	name TEXT NOT NULL PRIMARY KEY,
	since BIGINT NOT NULL CHECK (since > 0),
	calls BIGINT NOT NULL CHECK (calls >= 0)
);

-- +goose Down
DROP TABLE proof_count;
DROP TABLE proof;
