package main

import (
	"iter"
	"slices"
	"strings"
)

// namedHeaders are the response headers for which diff has words, and conform has checks.
var namedHeaders = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network", "Vary",
}

// otherHeaders returns the response headers of decisions for which diff has no words, so that
// it also shows one that core gets later. If the value is the origin, it is left out.
func otherHeaders(origin string, decisions ...iter.Seq2[string, string]) (list []string) {
	for _, headers := range decisions {
		for name, value := range headers {
			if slices.Contains(namedHeaders, name) {
				continue
			}
			list = append(list, strings.TrimSuffix(name+": "+value, ": "+origin))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
