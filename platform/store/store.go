// Package store keeps the business in SQL: SQLite by default, PostgreSQL by
// URL, with one hand-written text for both. It maps rows and holds no rules.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// File is the name of the SQLite file in the data folder.
const File = "callisto.db"

// querier is what a transaction and a pool have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open database. Its methods Shop, Ledger, Members, Calls, Roster
// and Settings give each part of the business the store it asks for.
type DB struct {
	engine string
	read   *sql.DB
	write  func(ctx context.Context, f func(querier) error) error
	closed func() error
	once   sync.Once
}

// Config says which database. With an empty URL it is SQLite in Dir.
type Config struct {
	Dir string // data folder; locked while open
	URL string // postgres://…
}

// Open opens the database and brings its schema up to date.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.URL != "" {
		return openPostgres(ctx, cfg.URL)
	}
	return openSQLite(ctx, cfg.Dir)
}

// OpenReader opens the database for reading only: no lock, no migration. It
// works while another process holds it open.
func OpenReader(ctx context.Context, cfg Config) (*DB, error) {
	refuse := func(context.Context, func(querier) error) error {
		return errors.New("the database is open for reading only")
	}
	if cfg.URL != "" {
		pool, err := dialPostgres(ctx, cfg.URL)
		if err != nil {
			return nil, err
		}
		return &DB{engine: "postgres", read: pool, write: refuse, closed: pool.Close}, nil
	}
	path := filepath.Join(cfg.Dir, File)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database %s; give the --data folder of callisto dev or serve", path)
	}
	pool, err := sqlitePool(path, "_pragma=query_only(1)", 4)
	if err != nil {
		return nil, err
	}
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), pool.Close())
	}
	return &DB{engine: "sqlite", read: pool, write: refuse, closed: pool.Close}, nil
}

// Engine is "sqlite" or "postgres".
func (d *DB) Engine() string { return d.engine }

// lock makes a SELECT keep its row for the transaction, so that two who read it
// do not overwrite each other's change. SQLite has one writer and needs none.
func (d *DB) lock() string {
	if d.engine == "postgres" {
		return " FOR UPDATE"
	}
	return ""
}

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.read.PingContext(ctx) }

// Close finishes what is being written and closes. Closing again does nothing.
func (d *DB) Close() (err error) {
	d.once.Do(func() { err = d.closed() })
	return err
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// Parts of the house number their migrations apart; none depends on one with a higher number.
	opts := []goose.ProviderOption{goose.WithAllowOutofOrder(true)}
	if dialect == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db, dir, opts...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the database schema up to date: %w", err)
	}
	return nil
}

// us is a time as the database keeps it; the zero time is 0.
func us(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// at turns it back.
func at(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// one tells a missing row from an error.
func one(err error) (found bool, _ error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// changed reports whether a statement touched a row.
func changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// places is "$1, $2, …" for a list of arguments.
func places(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

// each scans rows one by one.
func each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
