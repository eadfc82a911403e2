package gateways

import (
	"fmt"
	"strings"
)

func haproxy() Target {
	return Target{
		Name:  "haproxy",
		Title: "HAProxy",
		Help:  "a frontend of HAProxy with rules, and its backend",
		Limits: []string{
			"The text is for one place in a server: export one route at a time.",
			"The names of methods and headers must not contain $, %, ' or `.",
			"With credentials and \"*\", it echoes Access-Control-Request-Headers only if the field has one line.",
		},
		export: exportHAProxy,
		imports: func(text []byte, d *importDraft) {
			m, err := parseHAProxyModel(text)
			importServer(d, m, err)
		},
		Parse: func(text []byte) (Model, error) { return parseHAProxyModel(text) },
	}
}

// haproxyWriter writes rules.
type haproxyWriter struct{ strings.Builder }

func (w *haproxyWriter) line(format string, args ...any) { fmt.Fprintf(w, "    "+format+"\n", args...) }

// set writes a rule that sets a variable.
func (w *haproxyWriter) set(name, value string, conditions ...string) {
	condition := ""
	if len(conditions) > 0 {
		condition = " if " + strings.Join(conditions, " ")
	}
	w.line("http-request set-var(txn.corskit_%s) %s%s", name, value, condition)
}

// is returns the condition that a variable has a value.
func is(name, value string) string {
	return "{ var(txn.corskit_" + name + ") -m str " + value + " }"
}

const (
	haproxyMethod  = "req.fhdr(Access-Control-Request-Method)"
	haproxyHeaders = "req.fhdr(Access-Control-Request-Headers)"
	haproxyNetwork = "req.fhdr(Access-Control-Request-Private-Network)"
)

// exportHAProxy writes rules that find the policy of a request, answer preflights, and set the
// fields of all responses.
func exportHAProxy(p *exportPlan) []byte {
	s, ok := p.serverRoute()
	if !ok {
		return nil
	}
	w := &haproxyWriter{}
	w.WriteString("# Written by corskit. Change bind and server, and add your own rules after these.\nfrontend corskit\n")
	w.line("bind :8080")
	w.line("mode http")
	w.set("origin", "req.fhdr(Origin)", "{ req.fhdr_cnt(Origin) eq 1 }")
	for _, r := range s.rules {
		policy := r.policy
		if policy == "" {
			policy = "refused" // never the name of a policy
		}
		w.set("policy", "str("+policy+")", "!{ var(txn.corskit_policy) -m found }",
			"{ var(txn.corskit_origin) -m reg '"+r.expression+"' }")
	}
	switch {
	case s.constant:
		w.set("policy", "str("+s.other+")", "!{ var(txn.corskit_policy) -m found }")
	case s.other != "":
		w.set("policy", "str("+s.other+")", "!{ var(txn.corskit_policy) -m found }", "{ var(txn.corskit_origin) -m found }")
	}
	s.writeHAProxyKind(w)
	w.line("http-request return status 204 if %s", is("kind", "preflight"))
	w.line("http-request return status 403 if %s", is("kind", "refused"))
	s.writeHAProxyFields(w)
	w.line("default_backend application")
	w.WriteString("\nbackend application\n")
	w.line("mode http")
	w.line("server application 127.0.0.1:8081")
	return []byte(w.String())
}

// writeHAProxyKind writes rules that set the kind of a request: "preflight", "actual" or "refused".
func (s *serverRoute) writeHAProxyKind(w *haproxyWriter) {
	governs := func(name string) string { return is("policy", name) }
	var none []string
	for _, policy := range s.policies {
		none = append(none, "!"+governs(policy.name))
	}
	w.set("kind", "str(actual)")
	w.set("kind", "str(preflight)", "METH_OPTIONS", "{ req.fhdr(Origin) -m found }", "{ "+haproxyMethod+" -m found }")
	preflight := is("kind", "preflight")
	w.set("kind", "str(refused)", append([]string{preflight}, none...)...)
	if s.echoes {
		w.set("method", haproxyMethod, "{ req.fhdr_cnt(Access-Control-Request-Method) eq 1 }",
			"{ "+haproxyMethod+" -m reg '"+echoMethod+"' }", "!{ "+haproxyMethod+" -m reg '"+echoNoMethod+"' }")
		w.set("headers", "str(bad)", "{ req.fhdr_cnt(Access-Control-Request-Headers) gt 1 }", "or",
			"{ "+haproxyHeaders+" -m reg '"+echoTooLong+"' }")
		w.set("headers", "str(bad)", "{ "+haproxyHeaders+" -m found }", "!{ "+haproxyHeaders+" -m reg '"+echoHeaderNames+"' }")
		w.set("asked", haproxyHeaders)
	}
	for _, policy := range s.policies {
		if policy.echoMethod {
			w.set("kind", "str(refused)", preflight, governs(policy.name), "!{ var(txn.corskit_method) -m found }")
		}
		if policy.echoHeaders {
			w.set("kind", "str(refused)", preflight, governs(policy.name), is("headers", "bad"))
		}
	}
	if s.network {
		w.set("network", haproxyNetwork, "{ req.fhdr_cnt(Access-Control-Request-Private-Network) eq 1 }")
	}
	if s.reject {
		w.set("host", "req.fhdr(Host)")
		w.set("same", "str(yes)", "{ req.fhdr(Sec-Fetch-Site) -m str same-origin }")
		for _, absent := range []string{"!{ req.fhdr(Sec-Fetch-Site) -m found }", "{ req.fhdr(Sec-Fetch-Site) -m str none }"} {
			w.set("same", "str(yes)", absent, "{ var(txn.corskit_origin) -m reg '"+originScheme+".' }",
				"{ var(txn.corskit_origin),regsub("+originScheme+",),strcmp(txn.corskit_host) eq 0 }")
		}
		w.set("kind", "str(refused)", append([]string{
			is("kind", "actual"), "{ req.fhdr(Origin) -m found }", "!" + is("same", "yes"),
		}, none...)...)
	}
}

// writeHAProxyFields writes rules that set the fields of responses.
func (s *serverRoute) writeHAProxyFields(w *haproxyWriter) {
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
		"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network",
	} {
		w.line("http-after-response del-header %s", name)
	}
	values := strings.NewReplacer("$origin", "%[var(txn.corskit_origin)]", "$method", "%[var(txn.corskit_method)]",
		"$headers", "%[var(txn.corskit_asked)]")
	for _, policy := range s.policies {
		for _, kind := range []string{"actual", "preflight"} {
			condition := "if " + is("policy", policy.name) + " " + is("kind", kind)
			for _, f := range policy.fields(kind == "preflight") {
				value := values.Replace(f.value)
				asked := ""
				if f.value == "$headers" {
					asked = " { var(txn.corskit_asked) -m found }"
				}
				w.line("http-after-response set-header %s '%s' %s%s", f.name, value, condition, asked)
			}
			if policy.network && kind == "preflight" {
				w.line("http-after-response set-header Access-Control-Allow-Private-Network true %s %s", condition, is("network", "true"))
			}
		}
	}
	if vary := s.vary(false); vary != "" {
		w.line("http-after-response add-header Vary '%s' if %s", vary, is("kind", "actual"))
		w.line("http-after-response add-header Vary '%s' if %s", vary, is("kind", "refused"))
	}
	w.line("http-after-response add-header Vary '%s' if %s", s.vary(true), is("kind", "preflight"))
}
