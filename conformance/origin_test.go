package conformance

import "testing"

func TestIsSendable(t *testing.T) {
	for origin, want := range map[string]bool{
		"null": true, "https://a.example": true, "https://a.example.": true, "https://a_b.example": true, "https://a.example:8443": true,
		"http://[::1]:8080": true, "http://[::1]": true, "capacitor://localhost": true, "https://x..a.example": true, "http://a.example:443": true,
		"": false, "NULL": false, "https://": false, "a.example": false, "https:a.example": false, "https://A.example": false, "HTTPS://a.example": false,
		"https://a.example/": false, "https://u@a.example": false, "https://a.example:443": false, "http://a.example:80": false, "https://a.example:": false,
		"https://a.example:080": false, "https://a.example:65536": false, "https://a.example, https://b.example": false, "https://ä.example": false,
		"http://[0:0:0:0:0:0:0:1]": false, "http://[::1%25lo]": false, "http://[x]": false, "http://::1:8080": false, "https://a%2e.example": false,
	} {
		if got := isSendable(origin); got != want {
			t.Errorf("isSendable(%q) = %v, want %v", origin, got, want)
		}
	}
}

func TestJudgesOrigins(t *testing.T) {
	for origin, want := range map[string]bool{
		"*": true, "null": true, "https://a.example": true, "http://[::1]:8080": true, "chrome-extension://abc": true,
		"": false, "https://a.example/": false, "https://a.example, https://b.example": false, "https://a.example https://b.example": false,
		"https://a.example:443": false, "http://a.example:80": false, "a.example": false, "https://a.example?": false, "https://u@a.example": false,
	} {
		if got := isOriginForm(origin); got != want {
			t.Errorf("isOriginForm(%q) = %v, want %v", origin, got, want)
		}
	}
}
