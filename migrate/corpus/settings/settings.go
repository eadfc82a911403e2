// Package settings has what programs of the corpus keep outside of their own package.
package settings

import (
	"os"
	"strings"
)

// Origins of the corpus, as constants of another package.
const (
	App    = "https://app.example"
	Admin  = "https://admin." + Domain
	Domain = "corp.example"
	Hour   = 60 * 60
)

// Defaults is a list of another package.
var Defaults = []string{App, Admin}

// Get returns a variable of the environment, or a default.
func Get(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// List returns a variable of the environment as a list, without white space and empty items.
func List(name string, otherwise []string) []string {
	value, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	var list []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
