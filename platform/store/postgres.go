package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	"github.com/pressly/goose/v3"
)

func dialPostgres(ctx context.Context, dsn string) (*sql.DB, error) {
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("the database URL cannot be read: %w", err)
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close() // it never opened
		return nil, fmt.Errorf("PostgreSQL at %s does not answer; is it running, and is the URL right? %w", where(dsn), oneLine{err})
	}
	return pool, nil
}

// oneLine shows an error of many lines as its first and last.
type oneLine struct{ error }

func (e oneLine) Error() string {
	lines := strings.Split(strings.TrimSpace(e.error.Error()), "\n")
	if len(lines) == 1 {
		return lines[0]
	}
	return lines[0] + " " + strings.TrimSpace(lines[len(lines)-1])
}

func (e oneLine) Unwrap() error { return e.error }

// where is a database URL without its password.
func where(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "the given URL"
	}
	return u.Redacted()
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	pool, err := dialPostgres(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, pool, goose.DialectPostgres); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &DB{engine: "postgres", read: pool, closed: pool.Close, write: func(ctx context.Context, f func(querier) error) error {
		return postgresTx(ctx, pool, f)
	}}, nil
}

// maxTries bounds repetition after deadlocks, which our lock order should
// make impossible.
const maxTries = 10

func postgresTx(ctx context.Context, pool *sql.DB, f func(querier) error) error {
	var err error
	for range maxTries {
		if err = postgresOnce(ctx, pool, f); !again(err) {
			return err
		}
	}
	return err
}

func postgresOnce(ctx context.Context, pool *sql.DB, f func(querier) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := guarded(f, tx); err != nil {
		if rb := tx.Rollback(); rb != nil && !errors.Is(rb, sql.ErrTxDone) {
			return errors.Join(err, rb)
		}
		return err
	}
	return tx.Commit()
}

// again reports serialization failures and deadlocks (SQLSTATE 40001, 40P01).
func again(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}
