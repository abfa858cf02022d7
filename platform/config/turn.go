package config

import (
	"errors"
	"fmt"
	"strconv"
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

// SoundPort is the UDP port for the sound of browsers; 0 is any.
func (c *Config) SoundPort() (uint16, error) {
	if c.WebPort == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(c.WebPort, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("web_port: %q is no port", c.WebPort)
	}
	return uint16(n), nil
}
