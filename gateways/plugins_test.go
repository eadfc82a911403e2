package gateways_test

import (
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways"
)

// kongWith returns the configuration of the plugin cors.
func kongWith(fields string) string {
	return "plugins:\n  - name: cors\n    config:\n      " + strings.ReplaceAll(fields, "\n", "\n      ") + "\n"
}

// apisixWith returns a route with the plugin cors.
func apisixWith(fields string) string {
	return "plugins:\n  cors:\n    " + strings.ReplaceAll(fields, "\n", "\n    ") + "\n"
}

// krakendWith returns a file with security/cors.
func krakendWith(fields string) string {
	return `{"version": 3, "extra_config": {"security/cors": {` + "\n" + fields + "}}}\n"
}

func init() { traps = append(traps, pluginTraps...) }

// pluginTraps are gateway files that allow more than they seem to, or that no policy can express.
var pluginTraps = []trap{
	{"kong", kongWith("credentials: true"), []string{"line 4: ", "Kong allows every origin with cookies", "list the origins"}},
	{"kong", kongWith("origins: ['*', 'https://a.example']\ncredentials: true"),
		[]string{"line 5: ", "Kong allows every origin with cookies"}},
	{"kong", kongWith(`origins: ['.*\.example\.com']`),
		[]string{"line 4: ", "every scheme and port matches", "write the whole origin"}},
	{"kong", kongWith(`origins: ['^https://a\.example|https://b\.example']`),
		[]string{"line 4: ", "applies only to the last alternative", "write a group around"}},
	{"kong", kongWith(`origins: ['https://.*']`), []string{"line 4: ", "which Kong never allows", "write out the characters of the host"}},
	{"kong", kongWith(`origins: ['https://[a-z.]+']`), []string{"line 4: ", "list the origins"}},
	{"kong", kongWith(`origins: ['https://(?!evil)[a-z]+\.example']`), []string{"line 4: ", "PCRE"}},
	{"kong", kongWith("origins: ['https://a.example']\npreflight_continue: true"),
		[]string{"line 5: ", "the application answers preflights"}},
	{"kong", kongWith("origins: ['https://a.example']\nmethods: [QUERY]"), []string{"line 5: ", "this method"}},
	{"kong", kongWith("origins: ['https://a.example']\norigin: x"), []string{"line 5: ", `"origin"`}},
	{"kong", "plugins: [{name: cors, enabled: false, config: {origins: [https://a.example]}}]", []string{"line 1: ", "not enabled"}},
	{"kong", "plugins: [{name: cors}, {name: cors}]", []string{"several cors plugins"}},
	{"krakend", krakendWith(`"allow_methods": ["GET", "PUT"], "allow_origins": ["https://a.example"]`),
		[]string{"line 2: ", `"HEAD"`, "every policy allows GET, HEAD and POST"}},
	{"krakend", krakendWith(`"allow_origins": ["https://app*"]`), []string{"line 2: ", "list the origins"}},
	{"krakend", krakendWith(`"options_passthrough": true, "allow_origins": ["https://a.example"]`),
		[]string{"the application answers preflights too"}},
	{"krakend", krakendWith(`"options_success_status": 302, "allow_origins": ["https://a.example"]`),
		[]string{"browsers refuse preflights with this status"}},
	{"krakend", krakendWith(`"max_age": "soon"`), []string{"not a duration"}},
	{"apisix", apisixWith(`allow_origins: "**"`), []string{"line 3: ", "echoes every origin", "write * without allow_credential"}},
	{"apisix", apisixWith("allow_origins: '**'\nallow_credential: true\nallow_methods: '**'\nallow_headers: '**'\nexpose_headers: etag"),
		[]string{"line 3: ", "echoes every origin"}},
	{"apisix", apisixWith("allow_origins: '*'\nallow_credential: true"), []string{"APISIX refuses * together with allow_credential"}},
	{"apisix", apisixWith("allow_origins: https://a.example\nallow_origins_by_regex: ['.*\\.example\\.com']"),
		[]string{"line 4: ", "not anchored", "put ^ and $"}},
	{"apisix", apisixWith("allow_origins_by_regex: ['^https://[a-z]+\\.example\\.com$']"),
		[]string{"defaults to *", "older versions allow every origin"}},
	{"apisix", apisixWith("allow_origins: https://a.example\nallow_origins_by_regex: ['^https://b\\.example$']"),
		[]string{"line 3: ", "newer versions ignore allow_origins"}},
	{"apisix", apisixWith("allow_origins_by_metadata: [EXAMPLE]"), []string{"line 3: ", "in the plugin's metadata"}},
	{"apisix", apisixWith("allow_origins: https://a.example\nallow_methods: put"), []string{"line 4: ", "browsers send PUT"}},
	{"s3", `[{"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"]}]`, []string{"line 1: ", `"HEAD"`, "every policy allows"}},
	{"s3", `[{"AllowedOrigins": ["https://*"], "AllowedMethods": ["GET", "HEAD", "POST"]}]`, []string{"* matches any text"}},
	{"s3", `[{"AllowedOrigins": ["null"], "AllowedMethods": ["GET", "HEAD", "POST"]}]`, []string{"any site can send this origin"}},
	{"s3", `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD", "POST"], "AllowedHeaders": ["x-amz-*"]}]`,
		[]string{"no wildcards within header names"}},
	{"s3", `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD", "POST"], "ExposeHeaders": ["*"]}]`,
		[]string{"no wildcards in ExposeHeaders"}},
	{"s3", `[{"AllowedOrigins": ["https://*.a.example"], "AllowedMethods": ["GET", "HEAD", "POST"]},
{"AllowedOrigins": ["https://b.a.example"],
	"AllowedMethods": ["GET", "HEAD", "POST", "PUT"]}]`, []string{"line 2: ", "an earlier rule allows this origin too"}},
	{"s3", "<CORSConfiguration>\n<CORSRule>" +
		"<AllowedOrigin>*</AllowedOrigin>\n<AllowedMethod>PATCH</AllowedMethod></CORSRule></CORSConfiguration>",
		[]string{"line 3: ", "S3 does not accept this method"}},
	{"gcs", `[{"origin": ["https://*.a.example"], "method": ["GET", "HEAD", "POST"], "maxAgeSeconds": 60}]`,
		[]string{"no wildcard within an origin"}},
	{"gcs", `[{"origin": ["*"], "method": ["GET", "HEAD", "POST"], "responseHeader": ["*"], "maxAgeSeconds": 60}]`,
		[]string{"for a wildcard here"}},
	{"gcs", `[{"origin": ["*"], "method": ["GET", "HEAD", "POST"]}]`, []string{"maxAgeSeconds", "write the seconds"}},
	{"azure-storage", "<Cors><CorsRule><AllowedOrigins>https://*.a.example</AllowedOrigins>\n" +
		"<AllowedMethods>GET,HEAD,POST</AllowedMethods></CorsRule></Cors>", []string{"line 1: ",
		"what a wildcard within an origin matches"}},
	{"azure-storage", "<Cors><CorsRule><AllowedOrigins>*,https://a.example</AllowedOrigins>" +
		"<AllowedMethods>GET,HEAD,POST</AllowedMethods></CorsRule></Cors>", []string{"not a wildcard"}},
	{"aws-apigateway", `{"AllowOrigins": ["*"], "AllowCredentials": true}`, []string{"* with credentials", "list the origins"}},
	{"aws-apigateway", `{"allowOrigins": ["https://*"]}`, []string{"line 1: ", "every origin with this scheme"}},
	{"aws-apigateway", `{"AllowOrigins": ["https://*.a.example"]}`, []string{"no wildcard within an origin"}},
	{"lambda-url", `{"Cors": {"AllowOrigins": ["*"], "AllowCredentials": true}}`, []string{"* with credentials"}},
	{"lambda-url", `{"Cors": {"AllowOrigins": ["https://a.example"], "AllowMethods": ["OPTIONS"]}}`, []string{"this method"}},
	{"cloudfront", `{"AccessControlAllowOrigins": {"Items": ["https://a.example"]}}`,
		[]string{"leaves preflights to the application", "add the function"}},
	{"cloudfront", `{"AccessControlAllowOrigins": {"Items": ["*.a.example"]}}`, []string{"what a wildcard within an origin matches"}},
}

// TestModelsOfPlugins checks answers to settings that exporters never write, against the source
// code of the gateways.
func TestModelsOfPlugins(t *testing.T) {
	const stranger, a = "https://stranger.example", "https://a.example"
	for _, test := range []struct {
		name, target, text, method, origin string
		allow, credentials                 string // of the answer
	}{
		{"kong, no origins", "kong", kongWith("methods: [GET]"), "GET", stranger, "*", ""},
		{"kong, no origins, credentials", "kong", kongWith("credentials: true"), "GET", stranger, stranger, "true"},
		{"kong, one origin is sent to all", "kong", kongWith("origins: [https://a.example]"), "GET", stranger, a, ""},
		{"kong, two origins", "kong", kongWith("origins: [https://a.example, https://b.example]"), "GET", stranger, "", ""},
		{"kong, an expression begins an origin", "kong", kongWith(`origins: ['https://a\.example|https://b\.example']`), "GET", a + ".evil",
			a + ".evil", ""},
		{"kong, an expression for hosts", "kong", kongWith(`origins: ['a\.example']`), "GET", "http://a.example:81", "http://a.example:81",
			""},
		{"kong, brackets", "kong", kongWith(`origins: ['http://\[::1\]', 'https://::1']`), "GET", "https://[::1]", "https://::1", ""},
		{"krakend, no origins", "krakend", krakendWith(""), "GET", stranger, "*", ""},
		{"krakend, a method that is not listed", "krakend", krakendWith(`"allow_methods": ["POST"]`), "GET", stranger, "", ""},
		{"krakend, the wildcard crosses dots", "krakend", krakendWith(`"allow_origins": ["https://pr-*.example"]`), "GET",
			"https://pr-1.evil.example", "https://pr-1.evil.example", ""},
		{"apisix, reflection", "apisix", apisixWith("allow_origins: '**'"), "GET", stranger, stranger, ""},
		{"apisix, an expression within an origin", "apisix",
			apisixWith("allow_origins: https://b.example\nallow_origins_by_regex: ['a.example']"),
			"GET", "https://evil-a.example", "https://evil-a.example", ""},
		{"apisix, the default", "apisix", apisixWith("allow_origins_by_regex: ['^https://a$']"), "GET", stranger, "*", ""},
		{"s3, credentials", "s3", `[{"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"]}]`, "GET", a, a, "true"},
		{"s3, any origin", "s3", `[{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]`, "GET", a, "*", ""},
		{"s3, the second rule", "s3",
			`[{"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["PUT"]},
			{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]`, "GET", a, "*", ""},
		{"s3, another method", "s3", `[{"AllowedOrigins": ["*"], "AllowedMethods": ["PUT"]}]`, "GET", a, "", ""},
		{"gcs, no credentials", "gcs", `[{"origin": ["https://a.example"], "method": ["GET"], "maxAgeSeconds": 1}]`, "GET", a, a, ""},
		{"azure-storage, credentials", "azure-storage", "<Cors><CorsRule><AllowedOrigins>https://a.example</AllowedOrigins>" +
			"<AllowedMethods>GET</AllowedMethods></CorsRule></Cors>", "GET", a, a, "true"},
		{"aws-apigateway, a scheme", "aws-apigateway", `{"AllowOrigins": ["https://*"]}`, "GET", stranger, stranger, ""},
		{"lambda-url", "lambda-url", `{"Cors": {"AllowOrigins": ["https://a.example"], "AllowCredentials": true}}`, "GET", a, a, "true"},
		{"cloudfront", "cloudfront", `{"AccessControlAllowOrigins": {"Items": ["https://a.example"]}}`, "GET", stranger, "", ""},
	} {
		target, _ := gateways.Find(test.target)
		m, err := target.Parse([]byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := m.Answer(core.Request{Method: test.method, Host: "api.example", Path: "/", Origin: []string{test.origin}})
		allow, _ := got.Header.Get("Access-Control-Allow-Origin")
		credentials, _ := got.Header.Get("Access-Control-Allow-Credentials")
		if allow != test.allow || credentials != test.credentials || !got.Reached {
			t.Errorf("%s: %+v, want %q and %q", test.name, got, test.allow, test.credentials)
		}
	}
}
