package demo

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// ErrNoDesktop says that there is no desktop whose browser could open a page.
var ErrNoDesktop = errors.New("there is no desktop here")

// Open opens a URL in the browser of the desktop.
func Open(url string) error {
	argv, err := opener(runtime.GOOS, os.Getenv)
	if err != nil {
		return err
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	cmd := exec.Command(path, append(argv[1:], url)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // its exit status says little: many openers return at once
	return nil
}

// opener returns the command that opens URLs on a system.
func opener(system string, getenv func(string) string) ([]string, error) {
	remote := getenv("SSH_CONNECTION") != "" // the desktop is elsewhere
	switch {
	case system == "darwin" && !remote:
		return []string{"open"}, nil
	case system == "windows" && !remote:
		return []string{"rundll32", "url.dll,FileProtocolHandler"}, nil
	case system != "darwin" && system != "windows" && (getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""):
		return []string{"xdg-open"}, nil
	}
	return nil, ErrNoDesktop
}
