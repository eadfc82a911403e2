package realbrowser

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// Engine is a browser engine that this package knows how to start.
type Engine struct {
	Name    string               // "chromium", "firefox" or "webkit"
	Install string               // the command that installs it on Debian
	Profile browsermodel.Profile // the model of it
	Console bool                 // whether a session keeps the messages of the console, see [Session.Console]

	find    func() (string, error)
	version []string // arguments that print the version
	launch  func(launch) ([]string, error)
	wrap    []string       // the command that runs it, if any
	message *regexp.Regexp // matches a line of the output that has a message of the console
}

// launch has everything that the command line of an engine depends on.
type launch struct {
	path  string   // the executable
	dir   string   // a fresh directory for the profile
	proxy string   // host:port of the proxy, the only network that the browser has
	leaf  []byte   // the certificate of every https server behind the proxy, in DER
	hosts []string // host:port of those servers
	url   string   // the page to open
	logs  bool     // whether the session reads the console
}

// Chromium returns the engine of Chrome and Edge.
func Chromium() *Engine {
	return &Engine{
		Name:    "chromium",
		Install: "apt-get install -y chromium",
		Profile: browsermodel.Chromium(),
		find:    lookPath("chromium", "chromium-browser", "google-chrome"),
		version: []string{"--version"},
		launch:  launchChromium,
		message: chromiumMessage,
	}
}

// Firefox returns the engine of Firefox.
func Firefox() *Engine {
	return &Engine{
		Name:    "firefox",
		Install: "apt-get install -y firefox-esr",
		Profile: browsermodel.Firefox(),
		find:    lookPath("firefox-esr", "firefox"),
		version: []string{"--version"},
		launch:  launchFirefox,
	}
}

// WebKit returns the engine of Safari, in its port to GTK.
func WebKit() *Engine {
	return &Engine{
		Name:    "webkit",
		Install: "apt-get install -y webkit2gtk-driver xvfb xauth",
		Profile: browsermodel.WebKit(),
		find:    findMiniBrowser,
		version: []string{"--version"},
		launch:  launchWebKit,
		message: webkitMessage,
		wrap:    []string{"xvfb-run", "-a"},
	}
}

// Engines returns the engines in a fixed order.
func Engines() []*Engine { return []*Engine{Chromium(), Firefox(), WebKit()} }

// ErrNotInstalled says that a browser is not installed.
var ErrNotInstalled = errors.New("realbrowser: not installed")

// Find returns the path of the engine's executable, or an error that wraps
// [ErrNotInstalled] and says how to install it.
func (e *Engine) Find() (string, error) {
	path, err := e.find()
	if err == nil && len(e.wrap) > 0 {
		_, err = exec.LookPath(e.wrap[0])
	}
	if err != nil {
		return "", fmt.Errorf("%w: %s (%v); on Debian: %s", ErrNotInstalled, e.Name, err, e.Install)
	}
	return path, nil
}

// command returns the command line that runs the executable with arguments.
func (e *Engine) command(path string, args ...string) []string {
	return append(append(append([]string(nil), e.wrap...), path), args...)
}

// versionLimit bounds how long an engine takes to print its version.
const versionLimit = 2 * time.Minute

// Version returns the version that the engine prints, such as
// "Mozilla Firefox 140.5.0esr".
func (e *Engine) Version(ctx context.Context) (string, error) {
	path, err := e.Find()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, versionLimit)
	defer cancel()
	argv := e.command(path, e.version...)
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).Output()
	if err != nil {
		return "", fmt.Errorf("realbrowser: the version of %s: %w", e.Name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func lookPath(names ...string) func() (string, error) {
	return func() (string, error) {
		for _, name := range names {
			if path, err := exec.LookPath(name); err == nil {
				return path, nil
			}
		}
		return "", fmt.Errorf("no %s in PATH", strings.Join(names, " or "))
	}
}

// findMiniBrowser finds the browser of WebKitGTK, which distributions do not
// install in PATH.
func findMiniBrowser() (string, error) {
	for _, pattern := range []string{
		"/usr/lib/*/webkit2gtk-4.1/MiniBrowser",
		"/usr/lib/webkit2gtk-4.1/MiniBrowser",
		"/usr/lib64/webkit2gtk-4.1/MiniBrowser",
		"/usr/libexec/webkit2gtk-4.1/MiniBrowser",
	} {
		if paths, err := filepath.Glob(pattern); err == nil && len(paths) > 0 {
			return paths[0], nil
		}
	}
	return "", errors.New("no MiniBrowser of webkit2gtk-4.1")
}
