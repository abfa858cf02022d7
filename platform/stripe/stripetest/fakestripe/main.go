// Command fakestripe runs the small Stripe of package stripetest on a port of
// this machine, for tests that drive the real binary. It prints its address;
// POST /hook?to=URL says where its messages go.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/callisto-tel/callisto/platform/stripe/stripetest"
)

func main() {
	key, secret := flag.String("key", "sk_test_1", "secret key"), flag.String("secret", "whsec_1", "secret of the messages")
	flag.Parse()
	if err := run(*key, *secret); err != nil {
		log.Fatal(err)
	}
}

func run(key, secret string) error {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	base := "http://" + l.Addr().String()
	fake := stripetest.New(key, secret)
	fake.Listens(base, "")
	mux := http.NewServeMux()
	mux.Handle("/", fake)
	mux.HandleFunc("POST /hook", func(_ http.ResponseWriter, r *http.Request) { fake.Listens(base, r.URL.Query().Get("to")) })
	if _, err := fmt.Fprintln(os.Stdout, base); err != nil {
		return err
	}
	return (&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}
