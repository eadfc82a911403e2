package fleet

import (
	"context"
	"log/slog"

	"github.com/corskit/corskit/config"
)

// maxLogged is the maximum number of warnings that are logged for one change of the
// policy.
const maxLogged = 20

// journal writes to the log of a replica. Its values are bounded and printable.
type journal struct {
	log    *slog.Logger // nil if there is none
	warned map[string]bool
}

func (j *journal) write(level slog.Level, message string, attrs ...slog.Attr) {
	if j.log != nil {
		j.log.LogAttrs(context.Background(), level, "cors: fleet: "+message, attrs...)
	}
}

// Levels of the log.
const (
	levelInfo  = slog.LevelInfo
	levelWarn  = slog.LevelWarn
	levelError = slog.LevelError
)

// areaMessages are the log messages for the faults of each area.
var areaMessages = [areas]string{
	areaHead:   "the head is refused; the policy in force stays",
	areaBundle: "the wanted policy cannot be taken; the policy in force stays",
	areaLink:   "etcd cannot be followed; the policy in force stays",
	areaReport: "the status cannot be written",
	areaCache:  "the copy on disk has a fault",
	areaFile:   "the fallback cannot be used",
}

// fault logs a fault that begins.
func (j *journal) fault(a area, e *Error) {
	level := levelError
	if !e.refusal() || a == areaCache {
		level = levelWarn
	}
	j.write(level, areaMessages[a], faultAttr(e), slog.String("reason", string(e.Reason)))
}

func faultAttr(err error) slog.Attr { return slog.String("fault", clean(err.Error(), maxCauseText)) }

// over logs that a fault has ended.
func (j *journal) over(e *Error) {
	j.write(levelInfo, "a fault is over", slog.String("reason", string(e.Reason)))
}

// inForce logs a change of the policy.
func (j *journal) inForce(a Active, changes string, warnings []*config.Warning) {
	if j.log == nil {
		return
	}
	j.write(levelInfo, "policy in force", slog.Uint64("revision", a.Revision), slog.String("manifest", shortHash(a.Manifest)),
		slog.String("source", string(a.Source)), slog.String("changes", clean(changes, maxCauseText)))
	known, logged := j.warned, 0
	j.warned = make(map[string]bool, len(warnings))
	for _, warning := range warnings {
		w := warning.String()
		if j.warned[w] = true; known[w] {
			continue
		}
		if logged++; logged <= maxLogged {
			j.write(levelWarn, "a warning about the policy in force", slog.String("warning", clean(w, maxCauseText)))
		}
	}
	if more := logged - maxLogged; more > 0 {
		j.write(levelWarn, "more warnings about the policy in force", slog.Int("number", more))
	}
}

// shortHash returns the beginning of a hash, for people.
func shortHash(hash string) string { return hash[:min(12, len(hash))] }
