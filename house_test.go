// Package callisto_test holds the rules of the house: who may import whom, that
// every package says what it is, that files stay readable, and that every RFC
// named in a comment is in docs/rfc.md.
package callisto_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
)

const module = "github.com/callisto-tel/callisto"

type goPackage struct {
	ImportPath, Doc                    string
	Imports, TestImports, XTestImports []string
	GoFiles                            []string
}

// mayImport lists, for each floor, the floors below it that it may import. The roof is absent: it may import everything.
func mayImport() map[string][]string {
	return map[string][]string{
		"business":  {"business"},
		"telephony": {"business", "telephony"},
		"platform":  {"business", "platform"},
		"faces":     {"business", "platform", "faces"},
	}
}

func floorOf(importPath string) string {
	room, inside := strings.CutPrefix(importPath, module+"/")
	if !inside {
		return ""
	}
	floor, _, _ := strings.Cut(room, "/")
	return floor
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,GoFiles,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsPointDown(t *testing.T) {
	table := mayImport()
	for _, p := range packages(t) {
		allowed, limited := table[floorOf(p.ImportPath)]
		if !limited {
			continue
		}
		for _, i := range append(append(p.Imports, p.TestImports...), p.XTestImports...) {
			floor := floorOf(i)
			if floor == "" || slices.Contains(allowed, floor) {
				continue
			}
			t.Errorf("%s imports %s: %s may import only %v (ARCHITECTURE.md, import table)", p.ImportPath, i, floorOf(p.ImportPath), allowed)
		}
	}
}

// TestBusinessDoesNoInputOutput keeps the rules pure: sockets, SQL and files belong to the floors above.
func TestBusinessDoesNoInputOutput(t *testing.T) {
	forbidden := []string{"net", "net/http", "database/sql", "os", "os/exec", "syscall"}
	for _, p := range packages(t) {
		if floorOf(p.ImportPath) != "business" {
			continue
		}
		for _, i := range p.Imports {
			if slices.Contains(forbidden, i) {
				t.Errorf("%s imports %q: business holds rules, no I/O", p.ImportPath, i)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// goFiles calls f with each hand-written Go file of the repository.
func goFiles(t *testing.T, f func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "vendor" || name == "node_modules" || name == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if head, _, _ := bytes.Cut(text, []byte("\npackage ")); bytes.Contains(head, []byte("DO NOT EDIT")) {
			return nil
		}
		f(path, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesStayReadable(t *testing.T) {
	const most = 600
	goFiles(t, func(path string, text []byte) {
		if n := bytes.Count(text, []byte("\n")); n > most && !bytes.Contains(text, []byte("// Long on purpose:")) {
			t.Errorf("%s has %d lines; split it by subject, or say why with a comment “// Long on purpose: …” (limit %d)", path, n, most)
		}
	})
}

// TestEveryRFCIsListed fails when a comment leans on an RFC that docs/rfc.md does not list.
func TestEveryRFCIsListed(t *testing.T) {
	list, err := os.ReadFile("docs/rfc.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`^\| (\d+) \| .+ \| (yes|partly|no) \|`)
	listed := map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(list)); lines.Scan(); {
		if m := row.FindStringSubmatch(lines.Text()); m != nil {
			if listed[m[1]] {
				t.Errorf("docs/rfc.md lists RFC %s twice", m[1])
			}
			listed[m[1]] = true
		}
	}
	if len(listed) == 0 {
		t.Fatal("docs/rfc.md holds no row of the form “| number | title | yes | note |”")
	}
	citation := regexp.MustCompile(`\bRFCs? ?(\d{3,5})\b`)
	missing := map[string][]string{}
	goFiles(t, func(path string, text []byte) {
		for _, m := range citation.FindAllSubmatch(text, -1) {
			if n := string(m[1]); !listed[n] && !slices.Contains(missing[n], path) {
				missing[n] = append(missing[n], path)
			}
		}
	})
	numbers := make([]string, 0, len(missing))
	for n := range missing {
		numbers = append(numbers, n)
	}
	sort.Strings(numbers)
	for _, n := range numbers {
		t.Errorf("RFC %s is cited in %s but not listed in docs/rfc.md", n, strings.Join(missing[n], ", "))
	}
}
