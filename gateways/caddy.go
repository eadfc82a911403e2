package gateways

import (
	"fmt"
	"strings"
)

func caddy() Target {
	return Target{
		Name:  "caddy",
		Title: "Caddy",
		Help:  "a site of a Caddyfile, with maps, matchers and a reverse_proxy",
		Limits: []string{
			"The text is for one place in a server: export one route at a time.",
			"The names of methods and headers must not contain $, %, ' or `.",
			"Matchers of paths ignore case, so write routes with path_regexp.",
		},
		export: exportCaddy,
		imports: func(text []byte, d *importDraft) {
			m, err := parseCaddyModel(text)
			importServer(d, m, err)
		},
		Parse: func(text []byte) (Model, error) { return parseCaddyModel(text) },
	}
}

// caddyWriter writes directives of a site.
type caddyWriter struct{ strings.Builder }

func (w *caddyWriter) line(format string, args ...any) { fmt.Fprintf(w, "\t"+format+"\n", args...) }

// mapOf writes a map. Each pair is an input and an output.
func (w *caddyWriter) mapOf(source, name, fallback string, pairs [][2]string) {
	w.line("map %s {%s} {", source, name)
	for _, p := range pairs {
		w.line("\t%s %s", caddyQuote(p[0]), caddyQuote(p[1]))
	}
	w.line("\tdefault %s", caddyQuote(fallback))
	w.line("}")
}

// exportCaddy writes maps that find the policy of a request, and the directives that answer with
// that policy's headers.
func exportCaddy(p *exportPlan) []byte {
	s, ok := p.serverRoute()
	if !ok {
		return nil
	}
	w := &caddyWriter{}
	w.WriteString("# Written by corskit. Change the address of the site and that of reverse_proxy.\n:8080 {\n")
	fallback := s.other
	if fallback == "" {
		fallback = "none"
	}
	var origins [][2]string
	if !s.constant {
		origins = append(origins, [2]string{"~^$", "none"})
	}
	for _, r := range s.rules {
		policy := r.policy
		if policy == "" {
			policy = "none"
		}
		origins = append(origins, [2]string{"~" + r.expression, policy})
	}
	w.mapOf("{http.request.header.Origin}", "corskit_policy", fallback, origins)
	w.mapOf("{http.request.header.Origin}", "corskit_cross", "cross", [][2]string{{"~^$", "none"}})
	w.mapOf(`"{http.request.method} {corskit_cross} {http.request.header.Access-Control-Request-Method}"`, "corskit_kind", "actual",
		[][2]string{{"~^OPTIONS cross .", "preflight"}})
	s.writeCaddyAnswer(w)
	s.writeCaddyFields(w)
	w.line("@corskit_refused vars {corskit_answer} refused")
	w.line("respond @corskit_refused 403")
	if s.reject {
		s.writeCaddyRejection(w)
	}
	w.line("@corskit_preflight vars {corskit_kind} preflight")
	w.line("respond @corskit_preflight 204")
	w.line("reverse_proxy 127.0.0.1:8081 {")
	w.line("\theader_down -Access-Control-*")
	w.line("}")
	w.WriteString("}\n")
	return []byte(w.String())
}

// caddyQuote quotes a text without quotation marks. Backslashes stay as they are.
func caddyQuote(s string) string { return `"` + s + `"` }

// writeCaddyAnswer writes the map that decides how a request is answered.
func (s *serverRoute) writeCaddyAnswer(w *caddyWriter) {
	source := `{corskit_kind} {corskit_policy}`
	if s.echoes {
		w.mapOf("{http.request.header.Access-Control-Request-Method}", "corskit_method", "bad",
			[][2]string{{"~" + echoNoMethod, "bad"}, {"~" + echoMethod, "good"}})
		w.mapOf("{http.request.header.Access-Control-Request-Headers}", "corskit_headers", "bad",
			[][2]string{{"~" + echoTooLong, "bad"}, {"~" + echoHeaderNames, "good"}})
		source += " {corskit_headers} {corskit_method}"
	}
	var pairs [][2]string
	for _, policy := range s.policies {
		if policy.echoHeaders {
			pairs = append(pairs, [2]string{"~^preflight " + policy.name + " bad", "refused"})
		}
		if policy.echoMethod {
			pairs = append(pairs, [2]string{"~^preflight " + policy.name + " good bad", "refused"})
		}
		for _, kind := range []string{"preflight ", "actual "} {
			pairs = append(pairs, [2]string{"~^" + kind + policy.name + "(?: |$)", kind + policy.name})
		}
	}
	pairs = append(pairs, [2]string{"~^preflight", "refused"})
	w.mapOf(`"`+source+`"`, "corskit_answer", "other", pairs)
}

// writeCaddyFields writes a header directive for each answer.
func (s *serverRoute) writeCaddyFields(w *caddyWriter) {
	values := strings.NewReplacer("$origin", "{http.request.header.Origin}", "$method",
		"{http.request.header.Access-Control-Request-Method}",
		"$headers", "{http.request.header.Access-Control-Request-Headers}")
	for _, policy := range s.policies {
		for _, kind := range []string{"actual", "preflight"} {
			name := "@corskit_" + kind + "_" + policy.name
			w.line("%s vars {corskit_answer} %s", name, caddyQuote(kind+" "+policy.name))
			w.line("header %s {", name)
			for _, f := range policy.fields(kind == "preflight") {
				w.line("\t%s %s", f.name, caddyQuote(values.Replace(f.value)))
			}
			w.line("}")
			if policy.network && kind == "preflight" {
				w.line("%s_network {", name)
				w.line("\tvars {corskit_answer} %s", caddyQuote(kind+" "+policy.name))
				w.line("\theader Access-Control-Request-Private-Network true")
				w.line("}")
				w.line("header %s_network Access-Control-Allow-Private-Network true", name)
			}
		}
	}
	if vary := s.vary(false); vary != "" {
		w.line("@corskit_other not vars {corskit_kind} preflight")
		w.line("header @corskit_other +Vary %s", caddyQuote(vary))
	}
	w.line("@corskit_asked vars {corskit_kind} preflight")
	w.line("header @corskit_asked +Vary %s", caddyQuote(s.vary(true)))
}

// writeCaddyRejection writes the answer to requests from disallowed origins.
func (s *serverRoute) writeCaddyRejection(w *caddyWriter) {
	own := "vars {http.request.header.Origin} http://{http.request.hostport} https://{http.request.hostport}"
	w.line("@corskit_rejected {")
	w.line("\theader Origin *")
	w.line("\tvars {corskit_answer} other")
	w.line("\tnot header Sec-Fetch-Site same-origin")
	for _, site := range []string{"!Sec-Fetch-Site", "Sec-Fetch-Site none"} {
		w.line("\tnot {")
		w.line("\t\theader %s", site)
		w.line("\t\t%s", own)
		w.line("\t}")
	}
	w.line("}")
	w.line("respond @corskit_rejected 403")
}
