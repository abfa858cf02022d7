package node

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/callisto-tel/callisto/business/center"
)

// devFile is dev.json: where this company listens and who lives in it, for
// people and for programs that test against it.
type devFile struct {
	HTTP     string                  `json:"http"`
	WS       string                  `json:"ws"`
	Centers  map[center.ID]devCenter `json:"centers"`
	Members  []devMember             `json:"members"`
	Company  devCompany              `json:"company"`
	Operator devOperator             `json:"operator"`
	DNS      devDNS                  `json:"dns"`
	Phones   []devPhone              `json:"phones"`
}

// devDNS is where numbers are looked up by ENUM.
type devDNS struct {
	Listen string `json:"listen"`
	Zone   string `json:"zone"`
}

type devCenter struct {
	SIP  string `json:"sip"`
	SIPS string `json:"sips"` // the same over TLS
}

type devMember struct {
	Name        string `json:"name"`
	Email       string `json:"email"`
	Password    string `json:"password"` //nolint:gosec // sample members' passwords are meant to be read
	Number      string `json:"number"`
	E164        string `json:"e164"`
	Country     string `json:"country"`
	SIPUser     string `json:"sip_user"`
	SIPPassword string `json:"sip_password"` //nolint:gosec // as above
	SIPDomain   string `json:"sip_domain"`
	APIKey      string `json:"api_key"` //nolint:gosec // as above
}

type devCompany struct {
	Name        string `json:"name"`
	Number      string `json:"number"`
	Email       string `json:"email"`
	Password    string `json:"password"` //nolint:gosec // as above
	APIKey      string `json:"api_key"`  //nolint:gosec // as above
	SIPUser     string `json:"sip_user"`
	SIPPassword string `json:"sip_password"` //nolint:gosec // as above
	SIPDomain   string `json:"sip_domain"`
}

type devOperator struct {
	Email    string `json:"email"`
	Password string `json:"password"` //nolint:gosec // as above
	APIKey   string `json:"api_key"`  //nolint:gosec // as above
}

const devName = "dev.json"

// forget removes the dev.json of an earlier run: it must never tell of addresses nobody listens on.
func (n *Node) forget() error {
	if err := os.Remove(n.devPath()); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("the folder %s cannot be written: %w", n.cfg.Data, err)
	}
	return nil
}

func (n *Node) devPath() string { return filepath.Join(n.cfg.Data, devName) }

func (n *Node) describe() devFile {
	addr := n.listener.Addr().(*net.TCPAddr)
	d := devFile{HTTP: "http://" + reachable(addr), WS: "ws://" + reachable(addr) + "/ws", Centers: map[center.ID]devCenter{}}
	if n.zone != nil {
		d.DNS = devDNS{n.zone.Addr().String(), n.zone.Zone()}
	}
	sip := n.telephony.Addrs()
	for _, c := range n.centers.All() {
		d.Centers[c.ID] = devCenter{SIP: sip[c.ID], SIPS: n.telephony.TLSAddr(c.ID).String()}
	}
	for _, s := range n.samples {
		number := s.number(n.plans)
		switch s.Kind {
		case "individual":
			d.Members = append(d.Members, devMember{
				Name: s.Name, Email: s.Email, Password: s.Password, Number: number.Display(), E164: number.E164(), Country: s.Country,
				SIPUser: s.SIPUser, SIPPassword: s.SIPPassword, SIPDomain: n.SIPDomain(s.Country), APIKey: s.APIKey,
			})
		case "company":
			d.Company = devCompany{
				Name: s.Name, Number: number.Display(), Email: s.Email, Password: s.Password, APIKey: s.APIKey,
				SIPUser: s.SIPUser, SIPPassword: s.SIPPassword, SIPDomain: n.SIPDomain(s.Country),
			}
		default:
			d.Operator = devOperator{Email: s.Email, Password: s.Password, APIKey: s.APIKey}
		}
	}
	d.Phones = n.first.make(d.HTTP, d.Members)
	return d
}

// reachable is an address a browser on this machine can use.
func reachable(a *net.TCPAddr) string {
	ip := a.IP
	if ip.IsUnspecified() {
		ip = net.IPv4(127, 0, 0, 1)
	}
	return net.JoinHostPort(ip.String(), fmt.Sprint(a.Port))
}

// greet prints what a person needs to begin.
func (n *Node) greet(d devFile) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nCallisto is up.\n\n  Shop and pages  %s\n  HTTP API        %s/api/docs\n  Mail we sent    %s/dev/mail\n  Test carrier    %s/dev/carrier (every ordinary telephone rings there)\n  Calendar        %s/dev/clock (lets days go by)\n", d.HTTP, d.HTTP, d.HTTP, d.HTTP, d.HTTP)
	for _, c := range n.centers.All() {
		if sip := d.Centers[c.ID].SIP; sip != "" {
			fmt.Fprintf(&b, "  SIP, %-10s %s (UDP and TCP), %s (TLS)\n", string(c.ID)+" center", sip, d.Centers[c.ID].SIPS)
		}
	}
	fmt.Fprintf(&b, "  ENUM            %s, zone %s (DNS, UDP and TCP)\n", d.DNS.Listen, d.DNS.Zone)
	fmt.Fprintf(&b, "  Over TLS, telephones trust %s\n", filepath.Join(n.cfg.Data, "pki", "ca.crt"))
	if len(d.Phones) == 2 {
		fmt.Fprintf(&b, "\nThe first call: open each link once, in two browsers (or one in a private window), allow the microphone, and press Call.\n")
		for _, x := range d.Phones {
			fmt.Fprintf(&b, "  %-18s %-20s %s\n", x.Name, x.Number, x.URL)
		}
	}
	fmt.Fprintf(&b, "\nSample members\n")
	for _, m := range d.Members {
		fmt.Fprintf(&b, "  %-18s %-20s sign in %s / %s\n  %-18s %-20s SIP     %s / %s at %s\n", m.Name, m.Number, m.Email, m.Password, "", m.Country, m.SIPUser, m.SIPPassword, m.SIPDomain)
	}
	c, o := d.Company, d.Operator
	fmt.Fprintf(&b, "  %-18s %-20s sign in %s / %s\n  %-18s %-20s SIP     %s / %s at %s\n", c.Name, c.Number, c.Email, c.Password, "", "company", c.SIPUser, c.SIPPassword, c.SIPDomain)
	fmt.Fprintf(&b, "  %-18s %-20s sign in %s / %s\n", "Operator", "", o.Email, o.Password)
	b.WriteString("\nTry\n")
	for _, t := range tryLines(d.Members, d.Company) {
		b.WriteString("  · " + t + "\n")
	}
	fmt.Fprintf(&b, "\nAll of this stands in %s. Stop with Ctrl-C.\n\n", n.devPath())
	_, _ = n.opts.Out.Write([]byte(b.String()))
}
