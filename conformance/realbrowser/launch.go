package realbrowser

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func launchChromium(l launch) ([]string, error) {
	var logs []string
	if l.logs {
		logs = []string{"--enable-logging=stderr"}
	}
	return append(logs,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--no-default-browser-check", "--disable-popup-blocking",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-background-timer-throttling", "--disable-renderer-backgrounding",
		"--user-data-dir="+l.dir,
		"--proxy-server="+l.proxy,
		"--proxy-bypass-list=<-loopback>", // the proxy also handles loopback
		"--ignore-certificate-errors",
		l.url,
	), nil
}

// launchFirefox writes a profile. Firefox has no flag to trust a certificate, but
// reads the exceptions of its user from a file, one line per host.
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
	pref("network.proxy.allow_hijacking_localhost", "true") // the proxy also handles loopback
	// Exceptions do not apply to domains that require valid certificates, such as
	// all domains below .app and .dev.
	pref("network.stricttransportsecurity.preloadlist", "false")
	pref("dom.security.https_first", "false")
	pref("dom.disable_open_during_load", "false")         // scripts open windows, see Session.Script
	pref("network.auth.subresource-http-auth-allow", "0") // no one would answer a dialog
	// The proxy would refuse the requests that Firefox makes on its own. These settings
	// prevent them.
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
	// Every server has its own host and connection, and Firefox opens about 900
	// connections in total: it must close idle ones.
	pref("network.http.keep-alive.timeout", "5") // seconds
	pref("network.trr.mode", "5")
	pref("browser.startup.homepage_override.mstone", `"ignore"`)
	pref("datareporting.policy.firstRunURL", `""`)
	pref("services.settings.server", `"data:,"`)
	if l.logs {
		pref("marionette.port", "0") // a free one, which it writes to a file in the profile
		pref("remote.prefs.recommended", "false")
	}

	var exceptions strings.Builder
	fingerprint := fingerprint(l.leaf)
	for _, host := range l.hosts {
		fmt.Fprintf(&exceptions, "%s:\tOID.2.16.840.1.101.3.4.2.1\t%s\t\t\n", host, fingerprint)
	}
	for name, content := range map[string]string{"user.js": prefs.String(), "cert_override.txt": exceptions.String()} {
		if err := os.WriteFile(filepath.Join(l.dir, name), []byte(content), 0o600); err != nil {
			return nil, fmt.Errorf("realbrowser: writing a profile: %w", err)
		}
	}
	args := []string{"--headless", "--no-remote", "--profile", l.dir}
	if l.logs {
		args = append(args, "--marionette", "--remote-allow-system-access")
	}
	return append(args, l.url), nil
}

// fingerprint returns the SHA-256 of a certificate as Firefox spells it.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

func launchWebKit(l launch) ([]string, error) {
	mode := "--private"
	if l.logs {
		mode = "--enable-write-console-messages-to-stdout=true" // private pages write nothing; the profile is fresh anyway
	}
	return []string{
		mode,
		"--ignore-tls-errors",
		"--javascript-can-open-windows-automatically=true", // see Session.Script
		"--cookies-policy=always",                          // otherwise no cross-site cookies are sent, even with credentials
		"--proxy=http://" + l.proxy,
		l.url,
	}, nil
}
