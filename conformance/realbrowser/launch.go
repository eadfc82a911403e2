package realbrowser

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func launchChromium(l launch) ([]string, error) {
	return []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--no-default-browser-check",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding",
		"--user-data-dir=" + l.dir,
		"--proxy-server=" + l.proxy,
		"--proxy-bypass-list=<-loopback>", // loopback goes through the proxy too
		"--ignore-certificate-errors",
		l.url,
	}, nil
}

// launchFirefox writes a profile. Firefox has no flag by which it trusts a
// certificate; what it has is the file in which it remembers the exceptions
// its user has made, one line a host.
func launchFirefox(l launch) ([]string, error) {
	host, port, _ := strings.Cut(l.proxy, ":")
	var prefs strings.Builder
	pref := func(name, value string) { fmt.Fprintf(&prefs, "user_pref(%q, %s);\n", name, value) }
	pref("network.proxy.type", "1")
	pref("network.proxy.http", fmt.Sprintf("%q", host))
	pref("network.proxy.http_port", port)
	pref("network.proxy.ssl", fmt.Sprintf("%q", host))
	pref("network.proxy.ssl_port", port)
	pref("network.proxy.no_proxies_on", `""`)
	pref("network.proxy.allow_hijacking_localhost", "true") // loopback goes through the proxy too
	// No exception can be made for hosts whose domain insists on valid
	// certificates, such as everything below .app and .dev.
	pref("network.stricttransportsecurity.preloadlist", "false")
	pref("dom.security.https_first", "false")
	pref("network.auth.subresource-http-auth-allow", "0") // nobody is there to answer a dialogue
	// What the browser does on its own account would be refused by the proxy;
	// these save the attempts.
	for _, name := range []string{
		"app.normandy.enabled", "app.update.enabled", "browser.newtabpage.enabled",
		"browser.region.update.enabled", "browser.safebrowsing.malware.enabled",
		"browser.safebrowsing.phishing.enabled", "browser.search.update",
		"datareporting.healthreport.uploadEnabled", "datareporting.policy.dataSubmissionEnabled",
		"dom.push.connection.enabled", "extensions.update.enabled", "geo.enabled",
		"network.captive-portal-service.enabled", "network.connectivity-service.enabled",
		"toolkit.telemetry.enabled",
	} {
		pref(name, "false")
	}
	// Every server is a host of its own with a connection of its own, and Firefox
	// opens some 900 in all: idle ones must make room.
	pref("network.http.keep-alive.timeout", "5") // seconds
	pref("network.trr.mode", "5")
	pref("browser.startup.homepage_override.mstone", `"ignore"`)
	pref("datareporting.policy.firstRunURL", `""`)
	pref("services.settings.server", `"data:,"`)

	var exceptions strings.Builder
	fingerprint := fingerprint(l.leaf)
	for _, host := range l.hosts {
		fmt.Fprintf(&exceptions, "%s:\tOID.2.16.840.1.101.3.4.2.1\t%s\t\t\n", host, fingerprint)
	}
	for name, content := range map[string]string{"user.js": prefs.String(), "cert_override.txt": exceptions.String()} {
		if err := os.WriteFile(filepath.Join(l.dir, name), []byte(content), 0o600); err != nil {
			return nil, fmt.Errorf("browser: writing a profile: %w", err)
		}
	}
	return []string{"--headless", "--no-remote", "--profile", l.dir, l.url}, nil
}

// fingerprint is a certificate's SHA-256 as Firefox spells it.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

func launchWebKit(l launch) ([]string, error) {
	return []string{
		"--private",
		"--ignore-tls-errors",
		"--cookies-policy=always", // else cross-site cookies are not even sent with credentials
		"--proxy=http://" + l.proxy,
		l.url,
	}, nil
}
