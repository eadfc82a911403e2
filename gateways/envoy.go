package gateways

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// envoy is the CORS filter of Envoy.
//
// Sources: api/envoy/extensions/filters/http/cors/v3/cors.proto,
// source/extensions/filters/http/cors/cors_filter.cc and source/common/common/regex.cc in
// github.com/envoyproxy/envoy.
func envoy() Target {
	return Target{
		Name: "envoy", Title: "Envoy",
		Help: "an HttpConnectionManager with routes and the filter envoy.filters.http.cors",
		Limits: []string{
			"One policy for each route.",
			"It passes requests of disallowed origins on, so it has no reject_disallowed.",
			"It refuses expressions whose RE2 program has more than 100 instructions.",
			"It sends no Vary of its own: the routes add it.",
		},
		export: exportEnvoy, imports: importEnvoy,
		Parse: func(text []byte) (Model, error) { return parseEnvoy(text) },
	}
}

const envoyHead = `# typed_config of the filter envoy.filters.network.http_connection_manager. Replace the
# cluster "application" by yours.
"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
stat_prefix: ingress_http
normalize_path: true
merge_slashes: true
path_with_escaped_slashes_action: REJECT_REQUEST
http_filters:
  - name: envoy.filters.http.cors
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
  - name: envoy.filters.http.router
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
route_config:
  name: application
  ignore_port_in_host_matching: true
  virtual_hosts:
`

// exportEnvoy writes a virtual host for each host that a route names, and one for all other hosts.
func exportEnvoy(p *exportPlan) []byte {
	var b strings.Builder
	b.WriteString(envoyHead)
	for _, h := range p.Hosts() {
		domain := h.Host
		if domain == "" {
			domain = "*"
		}
		fmt.Fprintf(&b, "    - name: %q\n      domains: [%q]\n      routes:\n", "host "+domain, domain)
		for _, r := range h.Routes {
			if policy, ok := p.OnePolicy(r); ok {
				b.WriteString(p.envoyRoute(r.Path, policy))
			}
		}
		if !h.Covered {
			b.WriteString("        - match: {prefix: /}\n          route: {cluster: application}\n")
		}
	}
	return []byte(b.String())
}

func (p *exportPlan) envoyRoute(path string, policy core.Policy) string {
	p.RefuseUnsupported(policy, true)
	match := "path: " + strconv.Quote(path)
	if path == "" || path == "/" {
		match = "prefix: /"
	} else if below, ok := strings.CutSuffix(path, "/"); ok {
		match = "path_separated_prefix: " + strconv.Quote(below)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `        - match: {%s}
          route: {cluster: application}
          response_headers_to_add:
            - header: {key: vary, value: Origin}
              append_action: APPEND_IF_EXISTS_OR_ADD
          typed_per_filter_config:
            envoy.filters.http.cors:
              "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy
              forward_not_matching_preflights: false
`, match)
	if entries := entriesOf(policy); len(entries) > 0 {
		b.WriteString("              allow_origin_string_match:\n")
		for _, e := range entries {
			kind, value := p.envoyMatcher(policy, e)
			if kind == "exact" {
				fmt.Fprintf(&b, "                - exact: %q\n", value)
			} else {
				fmt.Fprintf(&b, "                - safe_regex: {regex: %q}\n", value)
			}
		}
	}
	b.WriteString(envoySettings(policy))
	return b.String()
}

// envoyMatcher returns the kind and value of a StringMatcher: exact or regex. A matcher that matches
// the text "*" allows every origin (CorsFilter::isOriginAllowed).
func (p *exportPlan) envoyMatcher(policy core.Policy, e originEntry) (kind, value string) {
	switch e.Kind {
	case exactEntry, nullEntry:
		return "exact", e.Text
	case anyEntry:
		return "regex", ".*"
	}
	if n := programSize(e.Expression); n > maxProgram {
		p.Refuse(policy.Name, "AllowOrigins", e.Text,
			fmt.Sprintf("its expression has about %d instructions, and Envoy refuses more than %d (re2.max_program_size)", n, maxProgram),
			"list the origins, or write a shorter entry")
	}
	if re, err := regexp.Compile("^(?:" + e.Expression + ")$"); err == nil && re.MatchString("*") {
		p.Refuse(policy.Name, "AllowOrigins", e.Text, "an expression that also matches the text * allows every origin",
			"write the scheme into the expression, as in regexp:https://[a-z]+\\.example\\.com")
	}
	return "regex", e.Expression
}

// envoyHeaders returns the allowed headers for Envoy. If "*" is the only entry, Envoy echoes the
// requested headers, which without credentials would also allow authorization. In a longer list, it
// sends "*".
func envoyHeaders(policy core.Policy) []string {
	if slices.Equal(policy.AllowHeaders, []string{"*"}) && !policy.AllowCredentials {
		return []string{"*", "accept"}
	}
	return policy.AllowHeaders
}

// envoySettings returns the fields of a CorsPolicy other than the origins.
func envoySettings(policy core.Policy) string {
	var b strings.Builder
	set := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "              %s: %s\n", key, value)
		}
	}
	list := func(key string, names []string) {
		if len(names) > 0 {
			set(key, strconv.Quote(strings.Join(names, ",")))
		}
	}
	list("allow_methods", policy.AllowMethods)
	list("allow_headers", envoyHeaders(policy))
	list("expose_headers", policy.ExposeHeaders)
	set("max_age", ageText(policy, strconv.Quote))
	if policy.AllowCredentials {
		set("allow_credentials", "true")
	}
	if policy.AllowPrivateNetwork {
		set("allow_private_network_access", "true")
	}
	return b.String()
}

// ageText returns Access-Control-Max-Age as write formats it, or "" if the policy sends none.
func ageText(policy core.Policy, write func(string) string) string {
	switch {
	case policy.MaxAge == core.NoPreflightCache:
		return write("0")
	case policy.MaxAge > 0:
		return write(strconv.Itoa(int(policy.MaxAge / time.Second)))
	}
	return ""
}

// maxProgram is the largest RE2 program that Envoy accepts by default.
const maxProgram = 100

// programSize estimates how many instructions RE2 needs for an expression: one for each range
// of bytes.
func programSize(e string) int {
	re, err := syntax.Parse(e, syntax.Perl)
	if err != nil {
		return maxProgram + 1
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return maxProgram + 1
	}
	n := 0
	for _, i := range prog.Inst {
		switch i.Op {
		case syntax.InstRune:
			n += max(1, len(i.Rune)/2)
			if len(i.Rune) > 0 && i.Rune[len(i.Rune)-1] > 127 {
				n += 10 // the instructions for the bytes of UTF-8
			}
		case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			n += 12
		case syntax.InstRune1, syntax.InstAlt, syntax.InstAltMatch, syntax.InstMatch, syntax.InstEmptyWidth:
			n++
		}
	}
	return n
}
