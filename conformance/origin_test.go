package conformance

import "testing"

func TestIsSendable(t *testing.T) {
	for _, origin := range []string{
		"null", "https://a.example", "https://a.example.", "https://a_b.example", "https://a.example:8443", "http://[::1]:8080",
		"http://[::1]", "capacitor://localhost", "https://x..a.example", "http://a.example:443",
		"file://", "app://.",
	} {
		if !isSendable(origin) {
			t.Errorf("isSendable(%q) = false", origin)
		}
	}
	for _, origin := range []string{
		"", "NULL", "https://", "a.example", "https:a.example", "https://A.example", "HTTPS://a.example", "https://a.example/",
		"https://u@a.example", "https://a.example:443", "http://a.example:80", "https://a.example:", "https://a.example:080",
		"https://a.example:65536", "https://a.example, https://b.example", "https://ä.example", "http://[0:0:0:0:0:0:0:1]",
		"http://[::1%25lo]", "http://[x]", "http://::1:8080", "https://a%2e.example", "app://:1",
	} {
		if isSendable(origin) {
			t.Errorf("isSendable(%q) = true", origin)
		}
	}
}

func TestIsOriginForm(t *testing.T) {
	for _, value := range []string{"*", "null", "https://a.example", "http://[::1]:8080", "chrome-extension://abc", "file://", "app://."} {
		if !isOriginForm(value) {
			t.Errorf("isOriginForm(%q) = false", value)
		}
	}
	for _, value := range []string{
		"", "https://a.example/", "https://a.example, https://b.example", "https://a.example https://b.example",
		"https://a.example:443", "http://a.example:80", "a.example", "https://a.example?", "https://u@a.example", "https://", "http://",
	} {
		if isOriginForm(value) {
			t.Errorf("isOriginForm(%q) = true", value)
		}
	}
}
