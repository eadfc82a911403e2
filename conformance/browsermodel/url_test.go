package browsermodel

import "testing"

func TestNormalizeURL(t *testing.T) {
	for _, tt := range []struct{ url, want string }{ // "" if the URL is refused
		{"https://a.example", "https://a.example/"},
		{"HTTPS://A.Example:443/X?Y#z", "https://a.example/X?Y"},
		{" \n https://a.exa\tmple/ ", "https://a.example/"},
		{`https:\\a.example\x?\`, `https://a.example/x?\`},
		{"http://a.example:443/", "http://a.example:443/"},
		{"http://a.example:/", "http://a.example/"},
		{"http://a.example:0080/", "http://a.example/"},
		{"http://a.example:65535/", "http://a.example:65535/"},
		{"http://a.example:65536/", ""},
		{"http://u:p@a.example/", "http://u:p@a.example/"},

		{"https://a.example/public/../x", "https://a.example/x"},
		{"https://a.example/public/%2e%2E/x", "https://a.example/x"},
		{"https://a.example/public/.%2e/x", "https://a.example/x"},
		{"https://a.example/./b/%2e/c", "https://a.example/b/c"},
		{"https://a.example/b/..", "https://a.example/"},
		{"https://a.example/b/c/..", "https://a.example/b/"},
		{"https://a.example/b/.", "https://a.example/b/"},
		{"https://a.example/../../b", "https://a.example/b"},
		{"https://a.example/b//c/", "https://a.example/b//c/"},
		{"https://a.example/b%2Fc/.../..d", "https://a.example/b%2Fc/.../..d"},
		{"https://a.example/%2f..%2f", "https://a.example/%2f..%2f"},
		{"https://a.example/?a/../b", "https://a.example/?a/../b"},
		{"https://a.example/b?", "https://a.example/b?"},
		{"https://a.example/\u00fc \"?\u00fc '", "https://a.example/%C3%BC%20%22?%C3%BC%20%27"},

		{"https://b\u00fccher.example/", "https://xn--bcher-kva.example/"},
		{"https://B\u00dcCHER.example/", "https://xn--bcher-kva.example/"},
		{"https://b%C3%BCcher.example/", "https://xn--bcher-kva.example/"},
		{"https://fa\u00df.example/", "https://xn--fa-hia.example/"},
		{"https://XN--Bcher-KVA.example/", "https://xn--bcher-kva.example/"},
		{"https://a_b.-c-.example./", "https://a_b.-c-.example./"},
		{"https://xn--\u00fc.example/", ""},
		{"https://a\u00adb.example/", "https://ab.example/"},
		{"https://\u00ad/", ""},
		{"https://a.example\uff0fb/", ""}, // a slash of full width
		{"https://a<b.example/", ""},
		{"https://a|b.example/", ""},
		{"http://127.0.0.1/", "http://127.0.0.1/"},
		{"http://2130706433/", ""},
		{"http://127.1/", ""},
		{"http://0x7f000001/", ""},
		{"http://a.0x/", ""},
		{"http://127.0.0.1./", ""},
		{"http://a.0xg/", "http://a.0xg/"},
		{"http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/"},
		{"http://[0:0::1]:8080/", "http://[::1]:8080/"},
		{"http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"},
		{"http://[fe80::1%25eth0]/", ""},
		{"http://[::g]/", ""},

		{"ftp://a.example/", ""}, {"/x", ""}, {"//a.example/", ""}, {"", ""}, {"https:///x", ""}, {"https://a.example/%zz", ""},
		{"https://%zz/", ""},
	} {
		got, finding := NormalizeURL(tt.url)
		if got != tt.want || finding.OK != (tt.want != "") || !finding.OK && (finding.Code != CodeURL || finding.Text == "") {
			t.Errorf("NormalizeURL(%q) = %q, %+v, want %q", tt.url, got, finding, tt.want)
		}
		if again, _ := NormalizeURL(got); again != got {
			t.Errorf("%q is not stable: it is normalized again to %q", got, again)
		}
	}
}
