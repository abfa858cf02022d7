// Command callisto is a telephone company in one binary.
package main

import "os"

func main() { os.Exit(1) }
