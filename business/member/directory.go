package member

import "github.com/callisto-tel/callisto/business/index"

// Directory is every device credential in memory, by SIP user: the registrar
// asks it without blocking. Changes are pushed into it.
type Directory struct {
	users  *index.Map[Credential]
	guests *index.Map[string] // device of a telephone → SIP user of who is signed in there
}

// NewDirectory returns an empty directory.
func NewDirectory() *Directory {
	return &Directory{users: index.New[Credential](), guests: index.New[string]()}
}

// Get finds a live credential by SIP user.
func (d *Directory) Get(sipUser string) (Credential, bool) { return d.users.Get(sipUser) }

// Guest finds who is signed in at a telephone by its keypad.
func (d *Directory) Guest(device string) (Credential, bool) {
	user, ok := d.guests.Get(device)
	if !ok {
		return Credential{}, false
	}
	return d.users.Get(user)
}

// Apply takes a new credential in, or a revoked one out.
func (d *Directory) Apply(c Credential) {
	if c.Revoked {
		if now, ok := d.users.Get(c.SIPUser); ok && now.Host != "" {
			if user, _ := d.guests.Get(now.Host); user == c.SIPUser {
				d.guests.Delete(now.Host)
			}
		}
		d.users.Delete(c.SIPUser)
		return
	}
	c.Shown = c.Number.Display() // once: every call record has it
	d.users.Set(c.SIPUser, c)
	if c.Host != "" {
		d.guests.Set(c.Host, c.SIPUser)
	}
}

// Where lists the live credentials that a condition picks. It looks at all.
func (d *Directory) Where(pick func(Credential) bool) []Credential {
	var out []Credential
	for _, c := range d.users.All {
		if pick(c) {
			out = append(out, c)
		}
	}
	return out
}

// Len is how many live credentials there are.
func (d *Directory) Len() int { return d.users.Len() }
