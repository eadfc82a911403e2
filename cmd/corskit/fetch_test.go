package main

import "testing"

func TestWebURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"htps://a.example/x": "https://a.example/x",
		"htpps:/a.example":   "https://a.example", "htp://localhost:3000": "http://localhost:3000",
		"ttps://a.example": "https://a.example", "hhttp://a.example": "http://a.example",
		"http://a.example": "", "https://a.example": "", "https:/a.example": "", "ssh://a.example": "", "app://.": "", "null": "", "": "",
		"http.example": "", "ftp://a.example": "", "capacitor://localhost": "",
	} {
		if got := webURL(url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}
