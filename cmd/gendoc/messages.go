package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strconv"
	"strings"
)

// messages are the sentences the business says to people, as formats: what the
// pages translate. They are read from the source, so that a call site needs
// nothing but the sentence.
func messages(root fs.FS) ([]byte, error) {
	found := map[string]string{}
	for _, dir := range []string{"business", "node", "faces/web", "platform/passkey", "platform/webhook", "telephony/exchange"} {
		err := fs.WalkDir(root, dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
				return err
			}
			source, err := fs.ReadFile(root, path)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
			if err != nil {
				return err
			}
			inspect(file, dir != "node", func(s string) { found[s] = s }) // what a node says, it mostly says to its log
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	err := enc.Encode(found) // by key
	return []byte(out.String()), err
}

// inspect finds all that a part of the source says; with all, also what only
// reads like a sentence.
func inspect(root ast.Node, all bool, f func(string)) {
	ast.Inspect(root, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && all {
			if s := formatOf(e); isSentence(s) {
				f(s)
			}
		}
		for _, s := range said(n) {
			f(s)
		}
		return true
	})
}

// speaks is where the sentence stands among the arguments of what makes an error, a reason or a wrong field.
func speaks() map[string]int {
	return map[string]int{"fault.New": 2, "fault.Wrap": 2, "rejected": 1, "none": 2, "bad": 1, "wrongState": 0, "emergency": 0}
}

// said is what a piece of the source says to people.
func said(n ast.Node) (out []string) {
	add := func(e ast.Expr) {
		if s := formatOf(e); strings.ContainsFunc(strings.NewReplacer("%s", "", "%d", "", "%v", "", "%q", "").Replace(s), isLetter) {
			out = append(out, s)
		}
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		name := nameOf(n.Fun)
		if i, ok := speaks()[name]; ok && i < len(n.Args) {
			add(n.Args[i])
		}
		if at := name[strings.LastIndexByte(name, '.')+1:]; at == "move" || at == "release" || at == "event" { // the steps of an order
			for _, a := range n.Args {
				if s := formatOf(a); strings.Contains(s, " ") {
					add(a)
				}
			}
		}
		for _, a := range n.Args { // a memo: “Refund of ” and what
			if b, ok := a.(*ast.BinaryExpr); ok && name != "fmt.Errorf" {
				if s := formatOf(b); strings.Contains(s, " ") && s[0] >= 'A' && s[0] <= 'Z' {
					add(b)
				}
			}
		}
		if i := strings.LastIndexByte(name, '.'); i >= 0 && name[i+1:] == "wrongState" {
			add(n.Args[0])
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && isText(key.Name) {
			add(n.Value)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			name := nameOf(left)
			if at := name[strings.LastIndexByte(name, '.')+1:]; (isText(at) && strings.Contains(name, ".") || at == "memo") && i < len(n.Rhs) {
				add(n.Rhs[i])
			}
		}
	}
	return out
}

// isSentence tells what is said to people from what is said to programs: it
// begins like a sentence and ends like one. Sentences of the log do neither.
func isSentence(s string) bool {
	begins := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' || r == '%' || r == '“' }) == 0
	return begins && strings.HasSuffix(s, ".") && strings.Count(s, " ") > 1 && !strings.ContainsAny(s, "\n<{=")
}

func isText(field string) bool {
	return field == "Text" || field == "Label" || field == "Help" || field == "Memo"
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	case *ast.IndexExpr:
		return nameOf(e.X)
	default:
		return ""
	}
}

// formatOf reads a sentence: a literal, a sum of them, or what Sprintf makes; what is only known later is %s.
func formatOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			s, _ := strconv.Unquote(e.Value)
			return s
		}
	case *ast.BinaryExpr:
		return formatOf(e.X) + formatOf(e.Y)
	case *ast.CallExpr:
		if nameOf(e.Fun) == "fmt.Sprintf" {
			return formatOf(e.Args[0])
		}
	}
	return "%s"
}
