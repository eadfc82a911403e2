package browsermodel

import (
	"slices"
	"strings"
	"testing"
)

func TestNormalizeMethod(t *testing.T) {
	for method, want := range map[string]string{
		"get": "GET", "Head": "HEAD", "pOsT": "POST", "put": "PUT", "delete": "DELETE", "options": "OPTIONS",
		"patch": "patch", "Patch": "Patch", "PATCH": "PATCH", "query": "query", "chicken": "chicken", "trace": "trace",
		"\u017fet": "\u017fet", // a long s is not an s
	} {
		if got := NormalizeMethod(method); got != want {
			t.Errorf("NormalizeMethod(%q) = %q, want %q", method, got, want)
		}
	}
}

func TestIsForbiddenRequestHeader(t *testing.T) {
	for _, f := range []struct {
		name, value string
		want        bool
	}{
		{"Cookie", "", true}, {"cookie2", "", true}, {"ORIGIN", "", true}, {"Host", "", true}, {"Via", "", true},
		{"Proxy-Foo", "", true}, {"proxy-", "", true}, {"Sec-Fetch-Site", "", true}, {"sec-", "", true},
		{"Access-Control-Request-Headers", "", true}, {"Access-Control-Request-Method", "", true},
		{"Access-Control-Request-Private-Network", "true", false}, // in a draft only
		{"Access-Control-Allow-Origin", "", false}, {"proxy", "", false}, {"section", "", false}, {"X-Cookie", "", false},
		{"User-Agent", "", false}, {"Authorization", "", false}, {"Accept", "", false},
		{"X-HTTP-Method-Override", "PUT", false}, {"X-HTTP-Method-Override", "TRACE", true}, {"x-http-method", "get, track", true},
		{"X-Method-Override", "connect ", true}, {"X-Method-Override", "connects", false}, {"X-Other", "TRACE", false},
	} {
		if got := IsForbiddenRequestHeader(f.name, f.value); got != f.want {
			t.Errorf("IsForbiddenRequestHeader(%q, %q) = %v, want %v", f.name, f.value, got, f.want)
		}
	}
}

func TestIsSafelistedRequestHeader(t *testing.T) {
	for _, f := range []struct {
		name, value string
		want        bool
	}{
		{"accept", "*/*", true}, {"Accept", "", true}, {"accept", "text/html;q=1,\ttext/*", true},
		{"accept", `"`, false}, {"accept", "(", false}, {"accept", "a:b", false}, {"accept", "\x7f", false}, {"accept", "\x01", false},
		{"accept", "<", false}, {"accept", "@", false}, {"accept", "[", false}, {"accept", `\`, false}, {"accept", "{", false},
		{"accept", "\xe9", true},
		{"accept", strings.Repeat("1", 128), true}, {"accept", strings.Repeat("1", 129), false},
		{"accept-language", "de-AT, en;q=0.5, *", true}, {"accept-language", "en_GB", false}, {"accept-language", "en/GB", false},
		{"accept-language", "@", false},
		{"content-language", "en", true}, {"content-language", "\t", false},
		{"content-type", "text/plain", true}, {"Content-Type", "TEXT/Plain; charset=UTF-8", true}, {"content-type", " text/plain ", true},
		{"content-type", "multipart/form-data;boundary=x", true}, {"content-type", "application/x-www-form-urlencoded", true},
		{"content-type", "text/plain;", true},
		{"content-type", "application/json", false}, {"content-type", "text/html", false},
		{"content-type", "text/plain, text/plain", false},
		{"content-type", `text/plain;charset="utf-8"`, false}, {"content-type", "", false}, {"content-type", "text", false},
		{"content-type", "text/plainx", false},
		{"range", "bytes=0-", true}, {"range", "bytes=0-0", true}, {"Range", "bytes=100-200", true}, {"range", "bytes=9-10", true},
		{"range", "bytes=007-10", true},
		{"range", "bytes=200-100", false}, {"range", "bytes=-5", false}, {"range", "bytes=0-1,2-3", false}, {"range", "bytes = 0-1", false},
		{"range", "bytes=0 -1", false},
		{"range", "Bytes=0-1", false}, {"range", "items=0-1", false}, {"range", "bytes=", false}, {"range", "", false},
		{"range", "bytes=a-b", false},
		{"authorization", "", false}, {"x-a", "", false}, {"dpr", "1", false}, {"downlink", "1", false}, {"save-data", "on", false},
		{"user-agent", "x", false},
	} {
		if got := IsSafelistedRequestHeader(f.name, f.value); got != f.want {
			t.Errorf("IsSafelistedRequestHeader(%q, %q) = %v, want %v", f.name, f.value, got, f.want)
		}
	}
}

func TestUnsafeNames(t *testing.T) {
	nearly := strings.Repeat("1", 128)
	var many Fields
	for range 8 {
		many = append(many, Field{"Accept", nearly})
	}
	for name, f := range map[string]struct {
		header Fields
		want   []string
	}{
		"none":       {nil, nil},
		"safe":       {Header("Accept", "*/*", "Accept-Language", "de"), nil},
		"sorted":     {Header("X-B", "1", "x-a", "1", "Authorization", "1"), []string{"authorization", "x-a", "x-b"}},
		"once":       {Header("X-A", "1", "x-a", "2"), []string{"x-a"}},
		"by value":   {Header("Content-Type", "text/plain", "Range", "bytes=5-1"), []string{"range"}},
		"1024 bytes": {many, nil},
		"1025 bytes": {append(many[:8:8], Field{"Content-Language", "1"}), []string{"accept", "content-language"}},
		"with unsafe too": {append(many[:8:8], Header("Content-Language", "1", "x-a", "1")...),
			[]string{"accept", "content-language", "x-a"}},
	} {
		if got := UnsafeNames(f.header); !slices.Equal(got, f.want) {
			t.Errorf("%s: %v, want %v", name, got, f.want)
		}
	}
}

func TestReadable(t *testing.T) {
	all := Header("Cache-Control", "1", "Content-Language", "1", "Content-Length", "1", "Content-Type", "1", "Expires", "1",
		"Last-Modified", "1", "Pragma", "1")
	more := Header("X-E", "1", "X-F", "1", "Set-Cookie", "1", "Set-Cookie2", "1", "*", "1")
	for name, f := range map[string]struct {
		expose      Fields
		credentials bool
		want        []string
	}{
		"nothing":                {nil, false, nil},
		"listed":                 {Header(aceh, "x-e"), true, []string{"X-E"}},
		"two lines":              {Header(aceh, "x-e,", aceh, " , X-F"), false, []string{"X-E", "X-F"}},
		"never cookies":          {Header(aceh, "set-cookie, set-cookie2, x-e"), false, []string{"X-E"}},
		"star":                   {Header(aceh, "*"), false, []string{"X-E", "X-F", "*", aceh}},
		"star with others":       {Header(aceh, "x-y, *"), false, []string{"X-E", "X-F", "*", aceh}},
		"star and credentials":   {Header(aceh, "*"), true, []string{"*"}},
		"no list":                {Header(aceh, "x-e, x f"), false, nil},
		"no list on either line": {Header(aceh, "x-e", aceh, `"x-f"`), false, nil},
		"empty":                  {Header(aceh, ""), false, nil},
	} {
		header := slices.Concat(all, more, f.expose)
		var got []string
		for _, line := range Readable(header, f.credentials)[len(all):] {
			got = append(got, line.Name)
		}
		if !slices.Equal(got, f.want) {
			t.Errorf("%s: apart from safelisted headers %v, want %v", name, got, f.want)
		}
	}
}
