package shop

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/ident"
	"github.com/callisto-tel/callisto/business/member"
)

// Document is what a buyer shows for an order. Only he and the operator see
// it, and it is removed when it has served.
type Document struct {
	ID      string
	Account string
	Order   string
	Paper   string // id of the paper asked for; "" for any other
	Name    string // of the file, as the buyer called it
	Type    string // media type, found by looking at it
	Size    int
	Created time.Time
}

// MostDocument is how large a document may be, in bytes.
const MostDocument = 5 << 20

const (
	mostDocuments = 10                  // of one order
	keepDocuments = 90 * 24 * time.Hour // after the order was decided for good
	mostNote      = 2000                // letters
	pdf           = "application/pdf"   // the types taken
	png           = "image/png"         //
	jpeg          = "image/jpeg"        //
	pngMagic      = "\x89PNG\r\n\x1a\n" // how they begin
	jpegMagic     = "\xff\xd8\xff"      //
	pdfMagic      = "%PDF-"             //
	pdfTail       = "%%EOF"             //
)

// Documents keeps documents, sealed.
type Documents interface {
	AddDocument(ctx context.Context, d Document, body []byte, most int) (added bool, err error)
	Documents(ctx context.Context, order string) ([]Document, error)
	Document(ctx context.Context, id string) (d Document, body []byte, found bool, err error)
	// RemoveDocuments removes those of orders that were decided before then.
	RemoveDocuments(ctx context.Context, before time.Time) (int, error)
	AddNote(ctx context.Context, n Note) error
	Notes(ctx context.Context, order string) ([]Note, error)
}

// Files is the evidence of orders: documents and what staff notes.
type Files struct {
	shop  *Service
	store Documents
	now   func() time.Time
}

// NewFiles returns the files of a shop.
func NewFiles(s *Service, store Documents, now func() time.Time) *Files {
	return &Files{shop: s, store: store, now: now}
}

// Papers lists what an order's buyer has to show.
func (f *Files) Papers(o Order) []Paper { return f.shop.rules().papersFor(&o) }

// Add takes a document for an order that waits for a decision.
func (f *Files) Add(ctx context.Context, by member.Actor, order, paper, name string, body []byte) (Document, error) {
	o, err := f.shop.Order(ctx, by, order)
	if err != nil {
		return Document{}, err
	}
	if o.State != InReview {
		return Document{}, o.wrongState("in review")
	}
	kind, err := typeOf(body)
	if err != nil {
		return Document{}, err
	}
	if paper != "" && !slices.ContainsFunc(f.Papers(o), func(p Paper) bool { return p.ID == paper }) {
		paper = ""
	}
	now := f.now()
	d := Document{ID: ident.New("doc", now), Account: o.Account, Order: o.ID, Paper: paper, Name: fileName(name), Type: kind, Size: len(body), Created: now}
	added, err := f.store.AddDocument(ctx, d, body, mostDocuments)
	if err != nil {
		return Document{}, err
	}
	if !added {
		return Document{}, fault.New(fault.Limited, "documents_full", "An order takes at most %d documents. Put pages together into one file.", mostDocuments)
	}
	return d, f.shop.remark(ctx, order, "document_added", d.Name, by)
}

// typeOf finds out what a file is by looking at it, whatever it is called.
func typeOf(body []byte) (string, error) {
	switch {
	case len(body) == 0:
		return "", badField("file", "The file is empty. Choose another.")
	case len(body) > MostDocument:
		return "", badField("file", fmt.Sprintf("The file is larger than %d MB. Send a smaller scan.", MostDocument>>20))
	case bytes.HasPrefix(body, []byte(pngMagic)):
		return png, nil
	case bytes.HasPrefix(body, []byte(jpegMagic)):
		return jpeg, nil
	case bytes.HasPrefix(body, []byte(pdfMagic)) && bytes.Contains(body[max(0, len(body)-2048):], []byte(pdfTail)):
		return pdf, nil
	}
	return "", badField("file", "This file is no PDF, PNG or JPEG, whatever its name says, or it is cut short. Send one of these.")
}

// fileName keeps of a file's name what can be shown and stored safely.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"|?*/`, r) || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	for len(name) > 80 {
		_, size := lastRune(name)
		name = name[:len(name)-size]
	}
	if name == "" || name == "." || name == ".." {
		return "document"
	}
	return name
}

func lastRune(s string) (rune, int) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i]&0xC0 != 0x80 {
			return 0, len(s) - i
		}
	}
	return 0, 1
}

// List lists an order's documents.
func (f *Files) List(ctx context.Context, by member.Actor, order string) ([]Document, error) {
	if _, err := f.shop.Order(ctx, by, order); err != nil {
		return nil, err
	}
	return f.store.Documents(ctx, order)
}

// Open returns a document: to its owner and to the operator, whose look is an
// event that the buyer sees.
func (f *Files) Open(ctx context.Context, by member.Actor, id string) (Document, []byte, error) {
	d, body, found, err := f.store.Document(ctx, id)
	if err != nil {
		return Document{}, nil, err
	}
	if !found || !by.May(d.Account) {
		return Document{}, nil, fault.New(fault.Unknown, "document_unknown", "There is no document %s. Documents are removed some time after the decision.", id)
	}
	if by.Account != d.Account {
		err = f.shop.remark(ctx, d.Order, "document_seen", d.Name, by)
	}
	return d, body, err
}

// Note has staff write something about an order that the buyer does not see.
func (f *Files) Note(ctx context.Context, by member.Actor, order, text string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if text = strings.TrimSpace(text); text == "" || len(text) > mostNote {
		return badField("note", fmt.Sprintf("Write 1 to %d letters.", mostNote))
	}
	if _, err := f.shop.Order(ctx, by, order); err != nil {
		return err
	}
	now := f.now()
	return f.store.AddNote(ctx, Note{Order: order, Actor: by.Account, Name: by.Name, Text: text, At: now})
}

// Notes lists what staff wrote.
func (f *Files) Notes(ctx context.Context, by member.Actor, order string) ([]Note, error) {
	if err := by.OperatorOnly(); err != nil {
		return nil, err
	}
	return f.store.Notes(ctx, order)
}

// Ask tells the buyer what is missing; the order stays in review.
func (f *Files) Ask(ctx context.Context, by member.Actor, order, text string) error {
	if err := by.OperatorOnly(); err != nil {
		return err
	}
	if text = strings.TrimSpace(text); text == "" || len(text) > mostNote {
		return badField("text", fmt.Sprintf("Write 1 to %d letters.", mostNote))
	}
	o, err := f.shop.Order(ctx, by, order)
	if err != nil {
		return err
	}
	if o.State != InReview {
		return o.wrongState("in review")
	}
	return f.shop.remark(ctx, order, "asked", text, by)
}

// Sweep removes the documents that have served.
func (f *Files) Sweep(ctx context.Context) (int, error) {
	return f.store.RemoveDocuments(ctx, f.now().Add(-keepDocuments))
}

// remark adds an event that changes nothing else.
func (s *Service) remark(ctx context.Context, order, code, text string, by member.Actor) error {
	return s.store.Do(ctx, func(tx Tx) error {
		if err := tx.Lock(ctx, order); err != nil { // events are numbered
			return err
		}
		o, err := s.open(ctx, tx, by, order)
		if err != nil {
			return err
		}
		return s.event(ctx, tx, o, code, text, by)
	})
}
