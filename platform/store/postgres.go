package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
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

// openPostgres has connections for reading beside those for writing, as SQLite has:
// who reads in the middle of a transaction must not wait for a connection that only
// the end of another transaction sets free.
func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	pool, err := dialPostgres(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, pool, goose.DialectPostgres); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	readers, err := dialPostgres(ctx, dsn)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	closed := func() error { return errors.Join(readers.Close(), pool.Close()) }
	return &DB{engine: "postgres", read: readers, closed: closed, write: func(ctx context.Context, f func(querier) error) error {
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

func postgresOnce(ctx context.Context, pool *sql.DB, f func(querier) error) (err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }() // one whose transaction is still open is thrown away
	p := &pipe{conn: conn}
	if err := errors.Join(guarded(f, p), p.failed); err != nil {
		return errors.Join(err, p.end(context.WithoutCancel(ctx), "ROLLBACK"))
	}
	return p.end(ctx, "COMMIT")
}

// pipe is a transaction that begins with its first statement, so that statements
// which are sent together take their beginning with them.
type pipe struct {
	conn   *sql.Conn
	begun  bool
	failed error // to begin
}

// begin is what a transaction begins with.
const begin = "BEGIN"

func (p *pipe) begin(ctx context.Context) error {
	if p.begun {
		return p.failed
	}
	p.begun = true
	if _, err := p.conn.ExecContext(ctx, begin); err != nil {
		p.failed = fmt.Errorf("begin: %w", err)
	}
	return p.failed
}

// end ends the transaction, if it has begun.
func (p *pipe) end(ctx context.Context, how string) error {
	if !p.begun {
		return nil
	}
	return p.conn.Raw(func(conn any) error {
		c := conn.(*stdlib.Conn).Conn()
		if c.IsClosed() && how != "COMMIT" {
			return nil // which has turned it back
		}
		tag, err := c.Exec(ctx, how)
		if err == nil && tag.String() != how { // a COMMIT after a statement that failed
			err = pgx.ErrTxCommitRollback
		}
		return err
	})
}

func (p *pipe) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	return p.conn.ExecContext(ctx, text, args...)
}

func (p *pipe) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := p.begin(ctx); err != nil {
		return nil, err
	}
	return p.conn.QueryContext(ctx, text, args...)
}

func (p *pipe) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if err := p.begin(ctx); err != nil {
		none, end := context.WithCancel(ctx) // a row must not be read outside of the transaction
		end()
		return p.conn.QueryRowContext(none, text, args...)
	}
	return p.conn.QueryRowContext(ctx, text, args...)
}

// send runs statements one after the other in a single journey to the server, and
// says how many rows each touched. The first that fails ends all.
func (p *pipe) send(ctx context.Context, statements ...statement) (touched []int64, err error) {
	if p.failed != nil {
		return nil, p.failed // nothing may be booked outside of the transaction
	}
	var all pgx.Batch
	if !p.begun {
		p.begun = true
		all.Queue(begin)
	}
	first := all.Len()
	for _, s := range statements {
		all.Queue(s.text, s.args...)
	}
	touched = make([]int64, all.Len())
	err = p.conn.Raw(func(conn any) error {
		results := conn.(*stdlib.Conn).Conn().SendBatch(ctx, &all)
		for i := range touched {
			tag, err := results.Exec()
			if err != nil {
				return errors.Join(err, results.Close())
			}
			touched[i] = tag.RowsAffected()
		}
		return results.Close()
	})
	return touched[first:], err
}

// statement is one with what belongs in its places.
type statement struct {
	text string
	args []any
}

// again reports serialization failures and deadlocks (SQLSTATE 40001, 40P01).
func again(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}
