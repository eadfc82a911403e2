package gateways_test

import "strings"

// nginxWith returns a server of nginx.
func nginxWith(maps, directives string) string {
	return maps + "\nserver {\n" + directives + "\nlocation / { proxy_pass http://127.0.0.1:8081; }\n}\n"
}

// haproxyWith returns a frontend of HAProxy.
func haproxyWith(rules string) string { return "frontend web\n" + rules + "\n" }

// caddyWith returns a site of Caddy.
func caddyWith(directives string) string { return ":8080 {\n" + directives + "\n}\n" }

// traefikWith returns a middleware of Traefik.
func traefikWith(options string) string {
	return "http:\n  middlewares:\n    cors:\n      headers:\n        " + strings.ReplaceAll(options, "\n", "\n        ") + "\n"
}

// ingressWith returns an Ingress with annotations of ingress-nginx.
func ingressWith(annotations ...string) string {
	text := "kind: Ingress\nmetadata:\n  annotations:\n    nginx.ingress.kubernetes.io/enable-cors: \"true\"\n"
	for _, a := range annotations {
		text += "    nginx.ingress.kubernetes.io/" + a + "\n"
	}
	return text
}

// springWith returns the settings of one path.
func springWith(settings string) string {
	return "spring:\n  cloud:\n    gateway:\n      globalcors:\n        cors-configurations:\n          '[/**]':\n            " +
		strings.ReplaceAll(settings, "\n", "\n            ") + "\n"
}

const allMethods = "allowedMethods: [GET, HEAD, POST]"

// serverTraps are traps of servers, Traefik, ingress-nginx and Spring.
var serverTraps = []trap{
	{"nginx", nginxWith("", "add_header Access-Control-Allow-Origin $http_origin always;\nadd_header Access-Control-Allow-Credentials "+
		"true always;"),
		[]string{"line 3: ", "echoes every origin and allows credentials", "list the origins"}},
	{"nginx", nginxWith(`map $http_origin $o { default ""; "~." $http_origin; }`,
		"add_header Access-Control-Allow-Origin $o;\nadd_header Access-Control-Allow-Credentials true;"),
		[]string{"line 1: ", "echoes every origin and allows credentials"}},
	{"nginx", nginxWith(`map $http_origin $o { default $http_origin; }`, "add_header Access-Control-Allow-Origin $o;"),
		[]string{"line 3: ", "echoes every origin", "send * without credentials"}},
	{"nginx", nginxWith("map $http_origin $o {\ndefault \"\";\n\"~example\\.com\" $http_origin;\n}",
		"add_header Access-Control-Allow-Origin $o;"),
		[]string{"line 3: ", "not anchored", "put ^ and $ around it"}},
	{"nginx", nginxWith("map $http_origin $o {\n\"~^https://example\\.com\" $http_origin;\n}",
		"add_header Access-Control-Allow-Origin $o;"),
		[]string{"line 2: "}},
	{"nginx", nginxWith("map $http_origin $o {\n\"~^(?!https://evil)\" $http_origin;\n}", "add_header Access-Control-Allow-Origin $o;"),
		[]string{"line 2: ", "cannot read the expression", "without lookaround"}},
	{"nginx", nginxWith("", "include cors.conf;"), []string{"line 3: ", "cors.conf", "replace the include with its contents"}},
	{"nginx", nginxWith("", "add_header Access-Control-Allow-Origin $allowed;"), []string{"line 3: ", "$allowed",
		"does not know the value"}},
	{"nginx", nginxWith("", "location ~ ^/api { add_header Access-Control-Allow-Origin https://a.test; }"), []string{"line 3: ",
		"a location with a regular expression"}},
	{"nginx", nginxWith("", "location /api { add_header Access-Control-Allow-Origin https://a.test; }"), []string{"line 3: ",
		"also covers \"/apix\"", "write /api/"}},
	{"nginx", nginxWith("", "rewrite ^/api/(.*)$ /$1 break;"), []string{"line 3: ", "rewritten paths"}},
	{"nginx", nginxWith("", "add_header Access-Control-Allow-Origin https://a.test;") + nginxWith("",
		"add_header Access-Control-Allow-Origin https://b.test;"),
		[]string{"line 7: ", "another server"}},
	{"haproxy", haproxyWith("http-request set-var(txn.o) req.hdr(Origin)\nhttp-response set-header Access-Control-Allow-Origin " +
		"%[var(txn.o)]\n" +
		"http-response set-header Access-Control-Allow-Credentials true"), []string{"line 3: ",
		"echoes every origin and allows credentials"}},
	{"haproxy", haproxyWith("acl ok hdr_end(origin) example.com\nhttp-request set-var(txn.o) req.fhdr(Origin) if ok\n" +
		"http-response set-header Access-Control-Allow-Origin %[var(txn.o)] if { var(txn.o) -m found }"), []string{"line 2: "}},
	{"haproxy", haproxyWith("http-response set-header Access-Control-Allow-Origin https://a.test if { req.hdr(Origin) -m str " +
		"https://a.test }"),
		[]string{"line 2: ", "response rules do not see the header fields of the request", "http-request set-var"}},
	{"haproxy", haproxyWith("http-request return status 204 if { src 10.0.0.0/8 }"), []string{"line 2: ", "does not know this test"}},
	{"haproxy", haproxyWith("acl ok req.hdr(Origin) -f origins.lst"), []string{"line 2: ", "-f", "write the values into the file"}},
	{"caddy", caddyWith("header Access-Control-Allow-Origin {header.Origin}\nheader Access-Control-Allow-Credentials true"),
		[]string{"line 2: ", "echoes every origin and allows credentials"}},
	{"caddy", caddyWith("@o header_regexp Origin example\\.com\nheader @o Access-Control-Allow-Origin {header.Origin}"),
		[]string{"line 2: ", "not anchored"}},
	{"caddy", caddyWith("import cors https://a.test"), []string{"line 2: ", "replace the import with them"}},
	{"caddy", caddyWith("@o expression {header.Origin}.endsWith(\"example.com\")\nheader @o Access-Control-Allow-Origin *"),
		[]string{"line 2: ", "expression"}},
	{"traefik", traefikWith("accessControlAllowOriginList: ['*']\naccessControlAllowCredentials: true"),
		[]string{"line 5: ", "echoes every origin and allows credentials"}},
	{"traefik", traefikWith("accessControlAllowOriginListRegex:\n  - https://.*\\.example\\.com\naccessControlAllowCredentials: true"),
		[]string{"line 6: ", "not anchored", "put ^ and $ around it"}},
	{"traefik", traefikWith("accessControlAllowOriginList: [https://a.test]\ncustomResponseHeaders: {Access-Control-Allow-Origin: '*'}"),
		[]string{"line 6: ", "Access-Control-Allow-Origin"}},
	{"ingress-nginx", ingressWith(`cors-allow-credentials: "true"`), []string{"Gateway API", "every origin with credentials",
		`cors-allow-credentials: "false"`}},
	{"ingress-nginx", ingressWith(`cors-allow-origin: "https://a.test,"`), []string{"line 5: ", "matches every origin",
		"remove the comma"}},
	{"ingress-nginx", ingressWith(`cors-allow-origin: "https://a.test;https://b.test"`), []string{"line 5: ",
		"allows every origin instead", "separated by commas"}},
	{"spring", springWith("allowedOrigins: '*'\nallowCredentials: true\n" + allMethods), []string{"line 7: ", "with an error",
		"list the origins"}},
	{"spring", springWith("allowedOriginPatterns: '*'\nallowCredentials: true\n" + allMethods), []string{"line 7: ",
		"echoes every origin and allows credentials"}},
	{"spring", springWith("allowedOriginPatterns: 'https://*example.com'\n" + allMethods), []string{"line 7: "}},
	{"spring", springWith("allowedOrigins: https://a.test\nallowedMethods: [GET, POST]"), []string{"line 8: ", "HEAD",
		"add HEAD to allowedMethods"}},
	{"spring", springWith("allowedOrigins: ${ORIGINS}"), []string{"line 7: ", "the value is not in the file"}},
}
