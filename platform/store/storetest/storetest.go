// Package storetest gives tests real databases: a fresh SQLite folder, and a
// fresh database in a PostgreSQL cluster of the test's own, started from the
// machine's packages. CALLISTO_TEST_PG (a postgres:// URL whose user may
// create databases) takes the place of the latter.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"github.com/callisto-tel/callisto/platform/store"
)

// Cluster is a running PostgreSQL. Make one in TestMain.
type Cluster struct {
	// Durable has it write to the disk as it would elsewhere: for benchmarks.
	Durable bool

	base   string
	dir    string
	cmd    *exec.Cmd
	once   sync.Once
	failed error
	count  atomic.Int64

	folder Folder
}

// Folder makes data folders whose SQLite file has its tables: under the race
// detector it takes seconds to make them, and they are the same each time. Its zero
// value is ready.
type Folder struct {
	once   sync.Once
	file   []byte
	failed error
}

// In puts the file into a folder that has none.
func (f *Folder) In(t testing.TB, dir string) {
	t.Helper()
	f.once.Do(func() { f.file, f.failed = model() })
	if f.failed != nil {
		t.Fatal(f.failed)
	}
	path := filepath.Join(dir, store.File)
	if _, err := os.Stat(path); err == nil {
		return
	}
	if err := os.WriteFile(path, f.file, 0o600); err != nil {
		t.Fatal(err)
	}
}

func model() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "callisto-model")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(context.Background(), store.Config{Dir: dir})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, store.File)) //nolint:gosec // made above
}

// Main runs the tests of a package with a cluster that starts when the first
// test asks for it and ends after the last:
//
//	var cluster storetest.Cluster
//	func TestMain(m *testing.M) { os.Exit(storetest.Main(m, &cluster)) }
func Main(m *testing.M, c *Cluster) int {
	defer c.Stop()
	return m.Run()
}

// Each runs a test on both databases. open gives the same database again each
// time, so that a test can close it and come back.
func (c *Cluster) Each(t *testing.T, f func(t *testing.T, cfg store.Config)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, c.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, store.Config{Dir: t.TempDir(), URL: c.Database(t)}) })
}

// SQLite makes a folder with a database that has its tables and nothing in them.
func (c *Cluster) SQLite(t testing.TB) store.Config {
	t.Helper()
	dir := t.TempDir()
	c.folder.In(t, dir)
	return store.Config{Dir: dir}
}

// Open opens a database and closes it with the test.
func Open(t testing.TB, cfg store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Database makes a database that has its tables and nothing in them, and returns
// its URL.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	c.once.Do(func() {
		if c.failed = c.start(); c.failed == nil {
			c.failed = c.migrated()
		}
	})
	if c.failed != nil {
		t.Fatalf("no PostgreSQL for the tests: %v\nInstall it with: apt-get install postgresql", c.failed)
	}
	name := fmt.Sprintf("callisto_%d_%d", os.Getpid(), c.count.Add(1))
	if err := c.ask("CREATE DATABASE " + name + " TEMPLATE " + c.modelled()); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() { c.drop(name) })
	return c.at(name)
}

// modelled is the database that the others are copies of.
func (c *Cluster) modelled() string { return fmt.Sprintf("callisto_%d", os.Getpid()) }

func (c *Cluster) migrated() error {
	if err := c.ask("CREATE DATABASE " + c.modelled()); err != nil {
		return err
	}
	db, err := store.Open(context.Background(), store.Config{URL: c.at(c.modelled())})
	if err != nil {
		return err
	}
	return db.Close()
}

// at is the URL of a database.
func (c *Cluster) at(name string) string {
	u, err := url.Parse(c.base)
	if err != nil {
		return c.base // where the mistake will be seen
	}
	u.Path = "/" + name
	return u.String()
}

func (c *Cluster) ask(statement string) error {
	admin, err := sql.Open("pgx", c.base)
	if err != nil {
		return err
	}
	_, err = admin.ExecContext(context.Background(), statement)
	return errors.Join(err, admin.Close())
}

func (c *Cluster) drop(name string) {
	_ = c.ask("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") // the cluster goes with the tests
}

// start brings up a cluster in a temporary folder: a Unix socket, no network,
// and no fsync unless it is to be durable.
func (c *Cluster) start() error {
	if c.base = os.Getenv("CALLISTO_TEST_PG"); c.base != "" {
		return nil
	}
	bin, err := binaries()
	if err != nil {
		return err
	}
	if c.dir, err = os.MkdirTemp("", "callisto-pg"); err != nil {
		return err
	}
	cred, err := postgresUser(c.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	setup := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8") //nolint:gosec,noctx // a test's own
	setup.SysProcAttr, setup.Dir = &syscall.SysProcAttr{Credential: cred}, c.dir
	if out, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	started := make(chan error)
	go func() {
		// The cluster dies with the thread that started it, so that thread
		// stays as long as the process.
		runtime.LockOSThread()
		args := []string{"-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories=" + c.dir, "-c", "max_connections=200"}
		if !c.Durable {
			args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
		}
		c.cmd = exec.Command(filepath.Join(bin, "postgres"), args...) //nolint:gosec,noctx // a test's own
		c.cmd.SysProcAttr, c.cmd.Dir = &syscall.SysProcAttr{Credential: cred, Pdeathsig: syscall.SIGQUIT}, c.dir
		started <- c.cmd.Start()
		select {}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	c.base = (&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: url.Values{"host": {c.dir}, "user": {"postgres"}}.Encode()}).String()
	return c.await()
}

// await asks until the cluster answers.
func (c *Cluster) await() error {
	db, err := sql.Open("pgx", c.base)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // a probe
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for {
		err := db.PingContext(context.Background())
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}

// Stop ends the cluster this process started.
func (c *Cluster) Stop() {
	if c.base != "" && c.failed == nil {
		c.drop(c.modelled())
	}
	if c.cmd != nil && c.cmd.Process != nil {
		_ = c.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
		_ = c.cmd.Wait()
	}
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// binaries finds the newest installed PostgreSQL.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		if path, err := exec.LookPath("initdb"); err == nil {
			return filepath.Dir(path), nil
		}
		return "", errors.New("there is no initdb on this machine")
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

// postgresUser gives the folder to the postgres user when we are root, for
// PostgreSQL refuses to run as root.
func postgresUser(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // no change of user
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("we are root, and there is no postgres user: %w", err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
