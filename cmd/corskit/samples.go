package main

import (
	"strconv"
	"strings"

	"github.com/corskit/corskit/config"
)

// originSample holds origins that represent all origins of a pattern.
type originSample struct {
	name    string
	origins []string
}

// What a * inside a host may match.
const (
	sampleLabel = "corskit-sample"
	sampleOther = "a_0"
)

// samplePort is a port that no file lists.
const samplePort = ":49151"

// stranger is an origin that cannot exist (RFC 2606).
const stranger = "https://corskit-sample.invalid"

// samples returns origins for every pattern of the configurations, and an origin
// that no pattern lists.
func samples(configs ...*config.Config) []originSample {
	list := []originSample{{"any other origin", []string{stranger}}}
	seen := map[string]bool{"*": true}
	var outside []string
	for _, c := range configs {
		for _, p := range c.Policies {
			for _, pattern := range p.AllowOrigins {
				if seen[pattern] {
					continue
				}
				seen[pattern] = true
				inside, near := sample(pattern)
				if len(inside) > 0 {
					list = append(list, originSample{pattern, inside})
				}
				outside = append(outside, near...)
			}
		}
	}
	for _, o := range outside {
		list = append(list, originSample{o, []string{o}})
	}
	return list
}

// sample returns origins that a pattern matches, and some that it just misses. If
// two patterns differ, an origin of one of them must show it.
func sample(pattern string) (inside, near []string) {
	if expression, ok := strings.CutPrefix(pattern, "regexp:"); ok {
		return sampleExpression(expression)
	}
	if pattern == "@loopback" {
		for _, scheme := range []string{"http", "https"} {
			for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
				inside = append(inside, scheme+"://"+host, scheme+"://"+host+samplePort)
			}
		}
		return inside, nil
	}
	base, ports, nearPorts := samplePorts(pattern)
	for _, h := range sampleHosts(base) {
		for _, p := range ports {
			inside = append(inside, h+p)
		}
		for _, p := range nearPorts {
			near = append(near, h+p)
		}
	}
	return inside, near
}

// samplePorts splits a wildcard or range of ports off a pattern. It returns ports
// inside, and those next to its ends.
func samplePorts(pattern string) (base string, inside, near []string) {
	if base, ok := strings.CutSuffix(pattern, ":*"); ok {
		return base, []string{"", samplePort}, nil
	}
	if i := strings.LastIndexByte(pattern, ':'); i >= 0 {
		low, high, isRange := strings.Cut(pattern[i+1:], "-")
		first, err1 := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if isRange && err1 == nil && err2 == nil {
			base = pattern[:i]
			return base, []string{port(base, first), port(base, last)}, []string{port(base, first-1), port(base, last+1)}
		}
	}
	return pattern, []string{""}, nil
}

// sampleHosts replaces each * of a pattern without ports.
func sampleHosts(base string) []string {
	if !strings.Contains(base, "*") {
		return []string{base}
	}
	hosts := []string{strings.ReplaceAll(base, "*", sampleLabel), strings.ReplaceAll(base, "*", sampleOther)}
	if strings.Contains(base, "//*.") {
		hosts = append(hosts, strings.ReplaceAll(base, "*", sampleLabel+"."+sampleOther))
	}
	return hosts
}

// port returns a port as browsers write it in origins of the scheme: empty for the
// default port. It is also empty for a number that is not a port.
func port(origin string, n int) string {
	isDefault := n == 80 && strings.HasPrefix(origin, "http:") || n == 443 && strings.HasPrefix(origin, "https:")
	if n <= 0 || n > 65535 || isDefault {
		return ""
	}
	return ":" + strconv.Itoa(n)
}
