package config

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// Bounds of what one reload logs: the faults or warnings, the names of policies, and the
// text of a change in characters.
const (
	maxLogged      = 20
	maxLoggedNames = 20
	maxLoggedDiff  = 2000
)

// journal writes what a Watcher does to a log. Its values have no control characters, and
// are bounded.
type journal struct {
	log    *slog.Logger    // nil if there is none
	faults map[string]bool // of the last load; empty if it was good
	warned map[string]bool // the warnings of the policies in force, without their lines
}

// start logs the policies that are in force at the start.
func (j *journal) start(s *state) {
	if j.log == nil {
		return
	}
	attrs := append([]slog.Attr{revisionAttr(s.revision)}, partAttrs(&s.part)...)
	if s.shadow != nil {
		attrs = append(attrs, slog.Attr{Key: keyShadow, Value: slog.GroupValue(partAttrs(s.shadow)...)})
	}
	j.write(slog.LevelInfo, "cors: policies in force", attrs...)
	j.warn(s.warnings)
}

func revisionAttr(r Revision) slog.Attr { return slog.String("revision", wording.Name(r.String())) }

func partAttrs(p *part) []slog.Attr {
	list := names(p.policies)
	text := strings.Join(list[:min(len(list), maxLoggedNames)], ", ")
	if more := len(list) - maxLoggedNames; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return []slog.Attr{slog.String(keyPolicies, text), slog.Int("origins", p.origins()), slog.Int(keyRoutes, len(p.routes))}
}

// result logs the result of a reload, or that the source cannot watch.
func (j *journal) result(r Result) {
	var fault *Error
	switch {
	case j.log == nil:
	case errors.As(r.Err, &fault) && fault.Reason == reason.Unlinked:
		j.write(slog.LevelWarn, "cors: changes of the configuration do not arrive", slog.String("fault", fault.Error()))
	case errors.As(r.Err, &fault) && fault.Reason == reason.Watch:
		j.write(slog.LevelWarn, "cors: changes of the configuration may be noticed late", slog.String("fault", fault.Error()))
	case r.Err != nil:
		j.fail(r)
	default:
		message := "cors: policies reloaded"
		if len(j.faults) > 0 {
			message = "cors: the configuration is good again"
		}
		j.faults = nil
		j.write(slog.LevelInfo, message, revisionAttr(r.Revision), slog.String("previous", wording.Name(r.Previous.String())),
			slog.String("changes", wording.Line(r.Diff, maxLoggedDiff)))
		j.warn(r.Warnings)
	}
}

// fail logs the faults that the last load did not have.
func (j *journal) fail(r Result) {
	const message = "cors: the configuration has a fault; the last good policies stay in force"
	known, logged := j.faults, 0
	j.faults = make(map[string]bool)
	for e := range Errors(r.Err) {
		text := e.Error()
		if j.faults[text] = true; known[text] {
			continue
		}
		if logged++; logged <= maxLogged {
			j.write(slog.LevelError, message, revisionAttr(r.Revision), slog.String("fault", text))
		}
	}
	if more := logged - maxLogged; more > 0 {
		j.write(slog.LevelError, message, revisionAttr(r.Revision), slog.String("fault", fmt.Sprintf("%d more faults", more)))
	}
}

// warn logs the warnings that the policies before did not have.
func (j *journal) warn(warnings []*Warning) {
	const message = "cors: a warning about the configuration"
	known, logged := j.warned, 0
	j.warned = make(map[string]bool)
	for _, w := range warnings {
		// Lines and entries of lists may move.
		key, _, _ := strings.Cut(w.Key, "[")
		text := strings.Join([]string{w.File, w.Variable, key, w.Value, string(w.Reason)}, "\x00")
		if j.warned[text] = true; known[text] {
			continue
		}
		if logged++; logged <= maxLogged {
			j.write(slog.LevelWarn, message, slog.String("warning", w.String()))
		}
	}
	if more := logged - maxLogged; more > 0 {
		j.write(slog.LevelWarn, message, slog.String("warning", fmt.Sprintf("%d more warnings", more)))
	}
}

// canWatch logs the end of an outage.
func (j *journal) canWatch() {
	if j.log != nil {
		j.write(slog.LevelInfo, "cors: changes of the configuration are noticed at once again")
	}
}

func (j *journal) write(level slog.Level, message string, attrs ...slog.Attr) {
	j.log.LogAttrs(context.Background(), level, message, attrs...)
}
