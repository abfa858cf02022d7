// Command gendoc writes the references under docs/ from the code, and the list of
// sentences that the pages translate; `make check` fails when one is stale.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/callisto-tel/callisto/cmd/callisto/cli"
	"github.com/callisto-tel/callisto/faces/api"
	"github.com/callisto-tel/callisto/platform/config"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gendoc FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gendoc:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	const version = "1"
	spec, err := api.Describe(version)
	if err != nil {
		return err
	}
	commands, err := cli.Reference()
	if err != nil {
		return err
	}
	said, err := messages(os.DirFS(filepath.Dir(filepath.Clean(folder))))
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"../faces/web/texts/en/messages.json": string(said),
		"openapi.json":                        string(spec) + "\n",
		"api.md":                              api.Reference(version),
		"cli.md":                              commands,
		"config.md":                           config.Reference(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil { //nolint:gosec // documents are for everybody
			return err
		}
	}
	return nil
}
