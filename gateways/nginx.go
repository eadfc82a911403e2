package gateways

import (
	"fmt"
	"strings"
)

func nginx() Target {
	return Target{
		Name:  "nginx",
		Title: "nginx",
		Help:  "maps and a server of nginx, for the http block",
		Limits: []string{
			"The text is for one place in a server: export one route at a time.",
			"The names of methods and headers must not contain $, %, ' or `.",
			"Since nginx 1.23, several Origin lines count as one value; before, only the first line counted.",
			"A location with its own add_header does not inherit those of the server.",
		},
		export: exportNginx,
		imports: func(text []byte, d *importDraft) {
			m, err := parseNginxModel(text)
			importServer(d, m, err)
		},
		Parse: func(text []byte) (Model, error) { return parseNginxModel(text) },
	}
}

// nginxWriter writes maps.
type nginxWriter struct{ strings.Builder }

func (w *nginxWriter) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// mapOf writes a map. Each pair is a key and a value.
func (w *nginxWriter) mapOf(source, variable, fallback string, pairs [][2]string) {
	w.line("map %s %s {", source, variable)
	w.line("    default %s;", nginxQuote(fallback))
	for _, p := range pairs {
		w.line("    %s %s;", nginxQuote(p[0]), nginxQuote(p[1]))
	}
	w.line("}")
}

func nginxQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// exportNginx writes maps that find the policy of a request and the values of its fields, and a
// server that sends them.
func exportNginx(p *exportPlan) []byte {
	s, ok := p.serverRoute()
	if !ok {
		return nil
	}
	w := &nginxWriter{}
	w.line("# Written by corskit. Include it in the http block, and change listen and proxy_pass.")
	w.line("# A location with its own add_header must repeat those of the server.")
	w.line("")
	var origins [][2]string
	if !s.constant && s.other != "" {
		origins = append(origins, [2]string{"", ""})
	}
	for _, r := range s.rules {
		origins = append(origins, [2]string{"~" + r.expression, r.policy})
	}
	w.mapOf("$http_origin", "$corskit_policy", s.other, origins)
	w.mapOf("$http_origin", "$corskit_cross", "cross", [][2]string{{"", ""}})
	w.mapOf(`"$request_method $corskit_cross $http_access_control_request_method"`, "$corskit_kind", "actual",
		[][2]string{{"~^OPTIONS cross .", "preflight"}})
	s.writeNginxAnswer(w)
	names := s.writeNginxFields(w)
	w.line("")
	w.line("server {")
	w.line("    listen 8080;")
	for _, f := range names {
		w.line("    add_header %s %s always;", f.name, f.value)
	}
	w.line("    if ($corskit_answer = refused) { return 403; }")
	w.line("    if ($corskit_answer ~ ^preflight) { return 204; }")
	w.line("    location / {")
	for _, f := range names {
		if f.name != "Vary" {
			w.line("        proxy_hide_header %s;", f.name)
		}
	}
	w.line("        proxy_pass http://127.0.0.1:8081;")
	w.line("    }")
	w.line("}")
	return []byte(w.String())
}

// writeNginxAnswer writes the map that decides how a request is answered: "preflight" or "actual"
// with a policy, "refused", or nothing.
func (s *serverRoute) writeNginxAnswer(w *nginxWriter) {
	source := `$corskit_kind $corskit_policy`
	var pairs [][2]string
	if s.reject {
		w.mapOf(`"$http_sec_fetch_site $http_origin $http_host"`, "$corskit_same", "other",
			[][2]string{{"~" + sameOriginExpression, "same"}})
		source += " $corskit_same"
	}
	if s.echoes {
		w.mapOf("$http_access_control_request_method", "$corskit_method", "", [][2]string{
			{"~" + echoNoMethod, ""}, {"~" + echoMethod, "$http_access_control_request_method"},
		})
		w.mapOf("$http_access_control_request_headers", "$corskit_headers", "bad", [][2]string{
			{"", "good"}, {"~" + echoTooLong, "bad"}, {"~" + echoHeaderNames, "good"},
		})
		source += " $corskit_headers $corskit_method"
	}
	for _, policy := range s.policies {
		if policy.echoHeaders {
			pairs = append(pairs, [2]string{"~^preflight " + policy.name + " (?:same |other )?bad ", "refused"})
		}
		if policy.echoMethod {
			pairs = append(pairs, [2]string{"~^preflight " + policy.name + " (?:same |other )?good $", "refused"})
		}
		for _, kind := range []string{"preflight ", "actual "} {
			pairs = append(pairs, [2]string{"~^" + kind + policy.name + "(?: |$)", kind + policy.name})
		}
	}
	pairs = append(pairs, [2]string{"~^preflight", "refused"})
	if s.reject {
		w.mapOf(`"$corskit_cross $corskit_same"`, "$corskit_rejected", "", [][2]string{{"cross other", "refused"}})
		pairs = append(pairs, [2]string{"~^actual", "$corskit_rejected"})
	}
	w.mapOf(`"`+source+`"`, "$corskit_answer", "", pairs)
}

// writeNginxFields writes a map for each field, and returns the fields with their variables.
func (s *serverRoute) writeNginxFields(w *nginxWriter) (fields []serverField) {
	values := make(map[string][][2]string)
	var names []string
	add := func(name, key, value string) {
		value = strings.NewReplacer("$origin", "$http_origin", "$method", "$corskit_method",
			"$headers", "$http_access_control_request_headers").Replace(value)
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], [2]string{key, value})
	}
	for _, policy := range s.policies {
		for _, kind := range []string{"actual ", "preflight "} {
			for _, f := range policy.fields(kind == "preflight ") {
				add(f.name, kind+policy.name, f.value)
			}
		}
	}
	for _, name := range names {
		variable := "$corskit_" + strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(name), "access-control-"), "-", "_")
		w.mapOf("$corskit_answer", variable, "", values[name])
		fields = append(fields, serverField{name, variable})
	}
	if s.network {
		var pairs [][2]string
		for _, policy := range s.policies {
			if policy.network {
				pairs = append(pairs, [2]string{"preflight " + policy.name + " true", "true"})
			}
		}
		w.mapOf(`"$corskit_answer $http_access_control_request_private_network"`, "$corskit_private_network", "", pairs)
		fields = append(fields, serverField{"Access-Control-Allow-Private-Network", "$corskit_private_network"})
	}
	w.mapOf("$corskit_kind", "$corskit_vary", s.vary(false), [][2]string{{"preflight", s.vary(true)}})
	return append(fields, serverField{"Vary", "$corskit_vary"})
}
