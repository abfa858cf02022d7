// Package e2e drives the real binary from outside: a real browser, real
// softphones. Nothing of the product is linked in.
package e2e
