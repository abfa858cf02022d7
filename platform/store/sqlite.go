package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

func sqlitePool(path, pragmas string, conns int) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&" + pragmas
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// private lets nobody else read the database: it holds what telephones sign in
// with, and the folder may have been made by somebody more generous. Files that
// SQLite makes later take the mode of the first.
func private(path string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(path+end, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keep the database to ourselves: %w", err)
		}
	}
	return nil
}

func openSQLite(ctx context.Context, dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, File)
	// Savepoints in memory; 16 MiB of cache, since every call record changes two
	// pages anywhere in its indexes; and those pages copied back from the log
	// less often.
	pool, err := sqlitePool(path, "_txlock=immediate&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(4000)", 1)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	fail := func(err error) (*DB, error) { return nil, errors.Join(err, pool.Close(), unlock()) }
	if err := migrate(ctx, pool, goose.DialectSQLite3); err != nil {
		return fail(err)
	}
	if err := private(path); err != nil {
		return fail(err)
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fail(fmt.Errorf("open %s: %w", path, err))
	}
	readers, err := sqlitePool(path, "_pragma=query_only(1)", 4)
	if err != nil {
		return fail(err)
	}
	w := newWriter(conn)
	return &DB{engine: "sqlite", read: readers, write: w.do, closed: func() error {
		w.stop()
		return errors.Join(readers.Close(), conn.Close(), pool.Close(), unlock())
	}}, nil
}

// writer is the one goroutine that writes a SQLite file. It commits up to
// maxBatch closures together: one fsync for all. If one of them fails, all are
// run once more, each in a savepoint of its own, and a failing closure takes only
// itself back. Savepoints cost a third of a posting, so they are used only then,
// and for some batches after.
type writer struct {
	conn  *cachedConn
	wary  int // how many batches more are run with savepoints
	queue chan job
	quit  chan struct{} // closed to stop
	over  chan struct{} // closed when it stopped
}

const (
	maxBatch  = 256
	waryAfter = 16
)

type job struct {
	f      func(querier) error
	result chan error
	taken  *atomic.Bool // by the writer, or back by who does not wait any more
}

var errClosed = errors.New("the database is closed")

func newWriter(conn *sql.Conn) *writer {
	w := &writer{conn: &cachedConn{conn: conn, stmts: map[string]*sql.Stmt{}}, queue: make(chan job, 4*maxBatch), quit: make(chan struct{}), over: make(chan struct{})}
	go w.run()
	return w
}

// do hands a closure to the writer and waits for its commit. Once the writer has
// it, giving up does not end the wait, which is that of one batch.
func (w *writer) do(ctx context.Context, f func(querier) error) error {
	j := job{f: f, result: make(chan error, 1), taken: new(atomic.Bool)}
	select {
	case w.queue <- j:
	case <-w.quit:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-j.result:
		return err
	case <-w.over: // it may have been the last thing the writer did
		select {
		case err := <-j.result:
			return err
		default:
			return errClosed
		}
	case <-ctx.Done():
		if j.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-j.result // what the closure writes to is not read before it is over
	}
}

func (w *writer) stop() {
	close(w.quit)
	<-w.over
	w.conn.close()
}

func (w *writer) run() {
	defer close(w.over)
	for {
		select {
		case j := <-w.queue:
			w.batch(j)
		case <-w.quit:
			for {
				select {
				case j := <-w.queue:
					w.batch(j)
				default:
					return
				}
			}
		}
	}
}

// batch takes what is waiting, up to maxBatch, and commits it together. It
// never waits for more: a lone write is not delayed.
func (w *writer) batch(first job) {
	var jobs []job
	take := func(j job) {
		if j.taken.CompareAndSwap(false, true) {
			jobs = append(jobs, j)
		}
	}
	for take(first); len(jobs) < maxBatch; {
		select {
		case j := <-w.queue:
			take(j)
			continue
		default:
		}
		break
	}
	if len(jobs) == 0 {
		return
	}
	results, err := w.commit(jobs)
	if errors.Is(err, errAlone) {
		w.wary = waryAfter
		results, err = w.commit(jobs)
	}
	w.wary = max(0, w.wary-1)
	if err != nil && len(jobs) > 1 { // a poisoned batch goes again one by one
		for _, j := range jobs {
			one, err := w.commit([]job{j})
			if err != nil {
				one = []error{err}
			}
			j.result <- one[0]
		}
		return
	}
	for i, j := range jobs {
		if err != nil {
			j.result <- err
			continue
		}
		j.result <- results[i]
	}
}

// errAlone says that one of several jobs failed without a savepoint.
var errAlone = errors.New("a job of the batch failed") //nolint:gochecknoglobals // sentinel

// commit runs jobs in one transaction.
func (w *writer) commit(jobs []job) ([]error, error) {
	if err := w.conn.run("BEGIN IMMEDIATE"); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	results := make([]error, len(jobs))
	if len(jobs) == 1 || w.wary == 0 { // a savepoint would keep a copy of each page that is changed
		for i, j := range jobs {
			if results[i] = guarded(j.f, w.conn); results[i] == nil {
				continue
			}
			if err := w.conn.run("ROLLBACK"); err != nil || len(jobs) == 1 {
				return results, err
			}
			return nil, errAlone
		}
		jobs = nil
	}
	for i, j := range jobs {
		if err := w.conn.run("SAVEPOINT job"); err != nil {
			return nil, errors.Join(err, w.conn.run("ROLLBACK"))
		}
		if results[i] = guarded(j.f, w.conn); results[i] != nil {
			if err := w.conn.run("ROLLBACK TO job"); err != nil {
				return nil, errors.Join(err, w.conn.run("ROLLBACK"))
			}
		}
		if err := w.conn.run("RELEASE job"); err != nil {
			return nil, errors.Join(err, w.conn.run("ROLLBACK"))
		}
	}
	if err := w.conn.run("COMMIT"); err != nil {
		_ = w.conn.run("ROLLBACK") // a full disk has done it already
		return nil, fmt.Errorf("commit: %w", err)
	}
	return results, nil
}

// guarded turns a panic of a closure into an error, so that the writer lives.
func guarded(f func(querier) error, q querier) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a database closure panicked: %v", p)
		}
	}()
	return f(q)
}

// cachedConn prepares each text once. It ignores the callers' contexts: one
// of them giving up must not roll the others back.
type cachedConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// stmt returns the prepared statement of a text.
func (c *cachedConn) stmt(text string) (*sql.Stmt, error) {
	if s := c.stmts[text]; s != nil {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	c.stmts[text] = s
	return s, nil
}

func (c *cachedConn) ExecContext(_ context.Context, text string, args ...any) (sql.Result, error) {
	s, err := c.stmt(text) //nolint:sqlclosecheck // kept, see stmt
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args...)
}

func (c *cachedConn) QueryContext(_ context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := c.stmt(text) //nolint:sqlclosecheck // kept, see stmt
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.Background(), args...)
}

func (c *cachedConn) QueryRowContext(_ context.Context, text string, args ...any) *sql.Row {
	s, err := c.stmt(text) //nolint:sqlclosecheck // kept, see stmt
	if err != nil {        // let the row carry the error
		return c.conn.QueryRowContext(context.Background(), text, args...)
	}
	return s.QueryRowContext(context.Background(), args...)
}

func (c *cachedConn) run(text string) error {
	_, err := c.ExecContext(context.Background(), text)
	return err
}

func (c *cachedConn) close() {
	for _, s := range c.stmts {
		_ = s.Close() // the connection goes next
	}
}
