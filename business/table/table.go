// Package table reads the lists that people keep in spreadsheets: cells
// separated by commas, tabs or, where a comma is the decimal mark, by
// semicolons; a cell may stand in quotes (RFC 4180).
package table

import (
	"encoding/csv"
	"strings"
)

// Plain is a text without the mark that Excel begins one in UTF-8 with.
func Plain(text string) string { return strings.TrimPrefix(text, "\ufeff") }

// Separator is what separates the cells of a list: what stands first between
// the cells of its first line that has any. A comma may stand within the cells
// of a list that has another.
func Separator(text string) rune {
	for line := range strings.SplitSeq(text, "\n") {
		found := rune(0)
		quoted := false
		for _, r := range line {
			switch {
			case r == '"':
				quoted = !quoted
			case quoted:
			case r == '\t', r == ';':
				return r
			case r == ',':
				found = r
			}
		}
		if found != 0 {
			return found
		}
	}
	return ','
}

// Cells are those of one line, without the spaces around them. No cell of such
// a list goes over several lines.
func Cells(line string, separator rune) ([]string, error) {
	var cells []string
	if strings.ContainsRune(line, '"') {
		r := csv.NewReader(strings.NewReader(line))
		r.Comma, r.TrimLeadingSpace = separator, separator != '\t'
		var err error
		if cells, err = r.Read(); err != nil {
			return nil, err
		}
	} else {
		cells = strings.Split(line, string(separator))
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, nil
}

// Safe keeps a spreadsheet from taking a text for a formula: what begins like one
// gets a ' before it. Numbers in + form are such.
func Safe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
