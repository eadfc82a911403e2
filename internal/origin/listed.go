package origin

import (
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// parseListed parses the origins that clients other than web pages in browsers send,
// and that [Parse] does not accept. Only an entry with the same bytes matches them,
// or "*":
//   - file:// and qrc://: no host, if the scheme is not special
//   - app://.: a dot as host, if the scheme is not special
//   - https://a.example.: a host name with a dot at its end, which is not the same
//     host to browsers as the name without it
func parseListed(s string) (o Origin, ok bool) {
	if scheme, rest, ok := cutScheme(s); ok && rest == "" && !isSpecial(scheme) {
		return Origin{Scheme: scheme}, true
	}
	if !o.split(s) {
		return Origin{}, false
	}
	special := isSpecial(o.Scheme)
	host, dot := strings.CutSuffix(o.Host, ".")
	switch {
	case !dot:
		return Origin{}, false
	case host == "":
		return o, !special
	}
	// Browsers drop the dot of an IPv4 address.
	return o, isName(host, special) && !(special && endsInNumber(host))
}

// IsOrigin reports whether some client sends s as an origin: a browser, or a shell of
// a desktop or mobile application.
func IsOrigin(s string) bool {
	o, ok := Parse(s)
	if !ok {
		o, ok = parseListed(s)
	}
	_, bad := badPunycode(&o)
	return ok && !bad
}

// TrailingDot reports whether a pattern is an origin whose host name has a dot at its
// end.
func (p *Pattern) TrailingDot() bool { return strings.HasSuffix(p.Host, ".") && isSpecial(p.Scheme) }

const punycodePrefix = "xn--"

// badPunycode finds a label that begins with xn-- but is not what browsers send for
// any name. The host of o may have wildcards. Parse does not look for such labels:
// since no browser sends them, it does not matter which patterns match them.
func badPunycode(o *Origin) (label string, bad bool) {
	if !strings.Contains(o.Host, punycodePrefix) || !isSpecial(o.Scheme) {
		return "", false
	}
	for label := range strings.SplitSeq(o.Host, ".") {
		if strings.HasPrefix(label, punycodePrefix) && !strings.Contains(label, "*") && !isASCIIForm(label) {
			return label, true
		}
	}
	// The rule for right-to-left names looks at all labels.
	return o.Host, !strings.Contains(o.Host, "*") && !isASCIIForm(o.Host)
}

// isASCIIForm reports whether browsers send the host or label unchanged.
func isASCIIForm(host string) bool {
	ascii, err := domainToASCII(host)
	return err == nil && ascii == host
}

// domainToASCII is the URL Standard's "domain to ASCII", not strict.
func domainToASCII(host string) (string, error) {
	return idna.New(
		idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false),
		idna.CheckHyphens(false), idna.StrictDomainName(false), idna.VerifyDNSLength(false),
	).ToASCII(host)
}

// shells are schemes whose origins always have a host, and what to write for them.
var shells = map[string]string{
	"capacitor":        `write "capacitor://localhost", or the host that the application has`,
	"ionic":            `write "ionic://localhost", or the host that the application has`,
	"tauri":            `write "tauri://localhost"`,
	"chrome-extension": `list your extension, or write "regexp:chrome-extension://[a-p]{32}" for all extensions`,
	"moz-extension":    `write "regexp:moz-extension://[0-9a-f-]{36}" for all extensions: Firefox makes up a host for each user`,
	"safari-web-extension": `write "regexp:safari-web-extension://[0-9A-Fa-f-]{36}" for all extensions: ` +
		`Safari makes up a host for each user`,
	"vscode-webview": `write "regexp:vscode-webview://[a-z0-9]{52}" for all webviews`,
}

// everyHost is the suggestion for an entry that means all hosts of a scheme.
func everyHost(scheme string) string {
	if isSpecial(scheme) {
		return `write "*" for every origin, or name a domain, as in ` + strconv.Quote(scheme+"://*.example.com")
	}
	if advice, ok := shells[scheme]; ok {
		return advice
	}
	return "list the origins one by one, or write " + strconv.Quote(asExpression(scheme, "*")) + " for all of them"
}

// asExpression returns the expression for a pattern of a scheme that is not special.
func asExpression(scheme, host string) string {
	expr := regexpPrefix + regexp.QuoteMeta(scheme+"://")
	for i, part := range strings.Split(host, "*") {
		if i > 0 {
			expr += `[A-Za-z0-9_-]+`
		}
		expr += regexp.QuoteMeta(part)
	}
	return expr
}
