// Package presets compares the presets of corskit, such as "@connect", with the Go packages
// of the protocols. It has only tests.
package presets
