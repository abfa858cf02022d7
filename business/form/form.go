// Package form describes the fields a person or a program fills in, so that
// the pages, the API and the checks speak of the same fields.
package form

// Field is one input.
type Field struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Type     string   `json:"type"` // text, tel, email, country, language, timezone, choice, list
	Required bool     `json:"required"`
	Help     string   `json:"help,omitempty"`
	Options  []string `json:"options,omitempty"`
	Max      int      `json:"max,omitempty"` // longest value, in characters
}

// Form is the fields in the order to ask them.
type Form struct {
	Fields []Field `json:"fields"`
}
