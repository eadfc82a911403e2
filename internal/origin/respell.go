package origin

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/internal/suffix"
	"github.com/corskit/corskit/reason"
)

const notCanonicalIPv6 = "not an IPv6 address in its canonical form, in brackets"

// fixHost corrects the host to the spelling that browsers send.
func (d *diagnosis) fixHost() *Fault {
	if !isASCII(d.host) {
		d.note(reason.NonASCII, "browsers send a host in its ASCII form")
		if ascii, err := toASCII(d.host); err == nil {
			d.host = ascii
		}
	}
	if l := asciiLower(d.host); l != d.host {
		d.note(reason.UpperCase, "upper case in the host")
		d.host = l
	}
	if t := strings.TrimRight(d.host, "."); t != d.host && !isPattern(d.scheme+"://"+d.host+d.port) {
		d.note(reason.TrailingDot, "a host with a trailing dot")
		d.host = t
	}
	d.fixAddress()
	return nil
}

func (d *diagnosis) fixAddress() {
	bare := strings.TrimSuffix(strings.TrimPrefix(d.host, "["), "]")
	if strings.Contains(bare, ":") {
		if c, ok := respellIPv6(bare); ok && d.host != "["+c+"]" {
			d.note(reason.IPv6, notCanonicalIPv6)
			d.host = "[" + c + "]"
		}
		return
	}
	if isSpecial(d.scheme) && d.host != "" && endsInNumber(d.host) && !isIPv4(d.host) && !strings.Contains(d.host, "*") {
		if c, ok := canonicalIPv4(d.host); ok {
			d.note(reason.IPv4, "not an IPv4 address in its canonical form")
			d.host = c
		}
	}
}

// fixPort corrects the port to the spelling that browsers send.
func (d *diagnosis) fixPort() *Fault {
	switch d.port {
	case "":
		return nil
	case ":":
		d.note(reason.Port, "a colon without a port")
		d.port = ""
		return nil
	}
	if t := ":" + strings.TrimLeft(d.port[1:], "0"); t != d.port && t != ":" {
		if n, ok := parsePort(t[1:]); ok {
			d.note(reason.Port, "a port with leading zeros")
			d.port = ":" + strconv.Itoa(int(n))
		}
	}
	if n, ok := parsePort(d.port[1:]); ok && n == defaultPort(d.scheme) {
		d.note(reason.DefaultPort, "browsers leave out port "+d.port[1:]+", the default of "+d.scheme)
		d.port = ""
	}
	return nil
}

// fixLastLabel corrects a wildcard at the end of the host, where it means a port or a
// path.
func (d *diagnosis) fixLastLabel() *Fault {
	host, ok := strings.CutSuffix(d.host, "*")
	if !ok || d.port != "" || strings.HasSuffix(host, ".") || !isPattern(d.scheme+"://"+host) {
		return nil
	}
	switch _, registered := suffix.Registered(host); {
	case loopback(host):
		d.note(reason.Wildcard, "a wildcard in the host, where any port may be meant")
		d.host, d.port = host, ":*"
	case registered:
		d.note(reason.Wildcard, "a wildcard after the host; ports are written :*, and an origin has no path")
		d.host = host
	}
	return nil
}

// toASCII maps a host as the URL Standard's "domain to ASCII" does. It leaves
// wildcards unchanged.
func toASCII(host string) (string, error) {
	if !utf8.ValidString(host) {
		return "", errors.New("not UTF-8")
	}
	labels := strings.Split(host, ".")
	for i, l := range labels {
		if isASCII(l) {
			continue
		}
		a, err := domainToASCII(l)
		if err != nil {
			return "", err
		}
		labels[i] = a
	}
	return strings.Join(labels, "."), nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// asciiLower returns s with its ASCII letters in lower case. strings.ToLower would
// also map a few other characters into ASCII.
func asciiLower(s string) string {
	if isLower(s) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
