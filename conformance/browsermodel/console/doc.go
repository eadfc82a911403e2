// Package console has the messages that Chromium, Firefox and WebKit, the engine of
// Safari, write to their consoles when CORS keeps a response from a script. The script
// itself learns nothing: its error is the same for every cause.
//
// [Causes] lists the messages by cause; [Read] reads a message that someone pasted. Tests
// of package realbrowser make the browsers print every message of the list, and
// docs/errors.md explains each.
package console
