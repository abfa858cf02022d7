// Command bundle makes the scripts in static of the TypeScript of the browser
// phone and of ID cards and of the packages in vendor, with esbuild: `go run` of the product needs neither it
// nor Node. It checks no types; `make check` does that where npm is.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	web, err := filepath.Abs(filepath.Join("..", "faces", "web"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	vendor := func(name ...string) string { return filepath.Join(append([]string{web, "vendor"}, name...)...) }
	for _, x := range []struct{ from, to, banner string }{
		{"phone/main.ts", "phone.js", "faces/web/phone and vendor/{jssip,events,debug,ms,sdp-transform}"},
		{"idcard/main.ts", "card.js", "faces/web/idcard"},
		{"idcard/work.ts", "cardwork.js", "faces/web/idcard and vendor/{noble-hashes,noble-ciphers}"},
	} {
		result := api.Build(api.BuildOptions{
			EntryPoints:       []string{filepath.Join(web, filepath.FromSlash(x.from))},
			Outfile:           filepath.Join(web, "static", x.to),
			Bundle:            true,
			Write:             true,
			MinifyWhitespace:  true,
			MinifyIdentifiers: true,
			MinifySyntax:      true,
			LegalComments:     api.LegalCommentsInline,
			Format:            api.FormatIIFE,
			Target:            api.ES2022,
			Charset:           api.CharsetUTF8,
			LogLevel:          api.LogLevelWarning,
			Banner:            map[string]string{"js": "// Made by tools/bundle of " + x.banner + " (MIT, see their LICENSE). DO NOT EDIT."},
			Alias: map[string]string{
				"jssip":          vendor("jssip", "lib", "JsSIP.js"),
				"events":         vendor("events", "events.js"),
				"debug":          vendor("debug", "src", "browser.js"),
				"ms":             vendor("ms", "index.js"),
				"sdp-transform":  vendor("sdp-transform", "lib", "index.js"),
				"@noble/hashes":  vendor("noble-hashes"),
				"@noble/ciphers": vendor("noble-ciphers"),
			},
		})
		if len(result.Errors) > 0 {
			os.Exit(1)
		}
	}
}
