package config

import (
	"errors"
	"fmt"
	"strings"
)

// TURN are the relays that browsers may use to reach us.
type TURN struct {
	Addresses string   `yaml:"urls"`
	Secret    string   `yaml:"secret"`
	URLs      []string `yaml:"-"`
}

func (t *TURN) check() error {
	t.URLs = strings.Fields(strings.ReplaceAll(t.Addresses, ",", " "))
	if (len(t.URLs) == 0) != (t.Secret == "") {
		return errors.New("turn: urls and secret belong together: by the secret the relay knows the names we give")
	}
	for _, u := range t.URLs {
		if !strings.HasPrefix(u, "turn:") && !strings.HasPrefix(u, "turns:") {
			return fmt.Errorf("turn.urls: %q is no address like turn:relay.example:3478 or turns:relay.example:443?transport=tcp (RFC 7065)", u)
		}
	}
	return nil
}
