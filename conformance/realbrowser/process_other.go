//go:build !unix

package realbrowser

import "os/exec"

func inGroup(*exec.Cmd) {}

// signalGroup kills only the browser, because there are no process groups.
func signalGroup(cmd *exec.Cmd, _ bool) { _ = cmd.Process.Kill() }
