package observe

import (
	"context"
	"log/slog"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/corskit/corskit/core"
)

// The messages of the lines that [Log] writes.
const (
	RefusedMessage = "cors: refused"
	ShadowMessage  = "cors: shadow differs"
)

// LogOptions configures [Log]. The zero value is valid.
type LogOptions struct {
	// Engine explains refusals: the attribute "fix" is the Hint of its Explanation. For
	// each line, this calls the policies' AllowOriginFunc once more. If Engine is nil,
	// lines have no "fix".
	Engine *core.Engine
	// Spell returns the name that "fix" uses for a field of policies, such as
	// allow_origins for AllowOrigins: config.KeyOf for policies in files, config.VariableOf
	// for policies in environment variables. See [core.Explanation.Spell]. If nil, "fix"
	// uses the Go names.
	Spell func(field string) string

	Level       slog.Leveler // of refusals; slog.LevelWarn if nil
	ShadowLevel slog.Leveler // of differences of shadow policies; slog.LevelInfo if nil

	// Distinct is how many different refusals Log remembers, and how many differences. The
	// default is 500; each takes at most 1 KiB. Beyond that number, a new refusal or
	// difference replaces the one with the lowest count. If the replaced one occurs
	// again, it is logged as new.
	Distinct int

	// PerMinute is the maximum number of lines in a minute, for refusals and for
	// differences, so that a client that invents origins does not fill the disk. After a
	// pause, that many lines may be written at once. It defaults to 60; if it is
	// negative, there is no maximum. The next line says how many are missing, as
	// "dropped".
	PerMinute int
}

// Log returns an observer that writes refusals and differences of shadow policies to h, or
// to the handler of [log/slog.Default] if h is nil. It writes each refusal the
// first time it occurs, and then each time its count has doubled: at 2, 4, 8 and so on. It
// is safe for concurrent use, and keeps a bounded amount of memory.
//
// A refusal has the message [RefusedMessage] and the attributes below. Attributes below
// "first" are omitted if they are empty:
//
//	origin           the Origin field; several lines are joined with ", "
//	method           the method of the request
//	host             the Host field
//	path             the path, without the query
//	kind             "actual" or "preflight"
//	code             why: a core.Code. In a difference, what the policies in force say
//	policy           the name of the policy that governs
//	route            the index of the route that covers the request, or -1
//	refused          the method or header name that is not allowed; if shadow is "stricter", by the shadow policies
//	count            how often it occurred since first, this time included
//	first            when counting began; up to about 0.1 s early
//	raw_path         the path as sent, if its escapes matter
//	fold_path        true if the router ignores the case of paths
//	request_method   the Access-Control-Request-Method field
//	request_headers  the Access-Control-Request-Headers field
//	private_network  the Access-Control-Request-Private-Network field
//	fetch_site       the Sec-Fetch-Site field
//	dropped          how many lines before this one were not written, see LogOptions.PerMinute
//	fix              what to change, see LogOptions.Engine
//
// A difference has the message [ShadowMessage], the same attributes except fix, and
//
//	shadow           "stricter" or "looser"
//	shadow_code      what the shadow policies say: a core.Code
//	shadow_policy    the name of the shadow policy that governs
//	shadow_route     the index of the shadow route, or -1
//
// Other parts of a request, such as its query, cookies and body, are not logged. Values
// from a request are cut, and characters that are not printable are replaced with U+FFFD.
// Origins, hosts and paths may be personal data. To leave one out, use
// [log/slog.HandlerOptions].ReplaceAttr.
//
// [ReadLog] reads what [log/slog.JSONHandler] writes.
func Log(h slog.Handler, opts LogOptions) core.Observer {
	if opts.Distinct <= 0 {
		opts.Distinct = 500
	}
	if opts.PerMinute == 0 {
		opts.PerMinute = 60
	}
	if opts.Level == nil {
		opts.Level = slog.LevelWarn
	}
	if opts.ShadowLevel == nil {
		opts.ShadowLevel = slog.LevelInfo
	}
	if opts.Spell == nil {
		opts.Spell = func(field string) string { return field }
	}
	return &logger{handler: h, opts: opts, refusals: newLines(opts.Level, opts), differences: newLines(opts.ShadowLevel, opts)}
}

// logger implements Log.
type logger struct {
	handler               slog.Handler
	opts                  LogOptions
	refusals, differences *lines
}

// lines has the state for the lines with one message.
type lines struct {
	level slog.Leveler
	table table
	limit limit
}

func newLines(level slog.Leveler, opts LogOptions) *lines {
	return &lines{level: level, table: table{size: opts.Distinct, bare: true}, limit: limit{perMinute: opts.PerMinute}}
}

// ObserveClass implements [core.ClassObserver].
func (l *logger) ObserveClass(c *core.Class) (whole bool) {
	return isRefusal(c) || c.Shadow == core.ShadowStricter || c.Shadow == core.ShadowLooser
}

// Observe implements [core.Observer].
func (l *logger) Observe(ctx context.Context, o *core.Observation) {
	if isRefusal(o.Class) {
		k := key{class: o.Class, refused: o.Refused}
		if n, first := l.refusals.table.add(o.Source(), k); due(n) {
			l.write(ctx, l.refusals, o, k, n, first)
		}
	}
	if o.ShadowClass != nil && o.Shadow != core.ShadowSame {
		k := key{class: o.Class, shadowed: o.ShadowClass, refused: o.Refused}
		if o.Shadow == core.ShadowStricter {
			k.refused = o.ShadowRefused
		}
		if n, first := l.differences.table.add(o.Source(), k); due(n) {
			l.write(ctx, l.differences, o, k, n, first)
		}
	}
}

// due reports whether n is a power of two.
func due(n uint64) bool { return bits.OnesCount64(n) == 1 }

// write writes a line about an observation, unless there are too many.
func (l *logger) write(ctx context.Context, to *lines, o *core.Observation, k key, n uint64, first time.Time) {
	h := l.handler
	if h == nil {
		h = slog.Default().Handler()
	}
	if !h.Enabled(ctx, to.level.Level()) {
		return
	}
	now := time.Now()
	dropped, ok := to.limit.take(now)
	if !ok {
		return
	}
	r := readRequest(string(appendRequest(nil, o.Source())))
	message := RefusedMessage
	if k.shadowed != nil {
		message = ShadowMessage
	}
	line := slog.NewRecord(now, to.level.Level(), message, 0)
	line.AddAttrs(
		slog.String("origin", printable(strings.Join(r.Origin, ", "))),
		slog.String("method", printable(r.Method)),
		slog.String("host", printable(r.Host)),
		slog.String("path", printable(r.Path)),
		slog.String("kind", o.Kind.String()),
		slog.String("code", string(o.Code)),
		slog.String("policy", o.Policy),
		slog.Int("route", o.Route),
		slog.String("refused", printable(kept(k.refused, maxName))),
		slog.Uint64("count", n),
		slog.Time("first", first),
	)
	addOptional(&line, r, dropped)
	if k.shadowed != nil {
		line.AddAttrs(slog.String("shadow", string(o.Shadow)), slog.String("shadow_code", string(k.shadowed.Code)),
			slog.String("shadow_policy", k.shadowed.Policy), slog.Int("shadow_route", k.shadowed.Route))
	} else if l.opts.Engine != nil {
		if hint := l.opts.Engine.Explain(ctx, r).Spell(l.opts.Spell).Hint; hint != "" {
			line.AddAttrs(slog.String("fix", printable(hint)))
		}
	}
	_ = h.Handle(ctx, line) // as slog.Logger does
}

// addOptional adds the attributes that most lines do not need.
func addOptional(line *slog.Record, r core.Request, dropped uint64) {
	field := func(name, separator string, lines []string) {
		if len(lines) > 0 {
			line.AddAttrs(slog.String(name, printable(strings.Join(lines, separator))))
		}
	}
	if r.RawPath != "" {
		line.AddAttrs(slog.String("raw_path", printable(r.RawPath)))
	}
	if r.FoldPath {
		line.AddAttrs(slog.Bool("fold_path", true))
	}
	field("request_method", ", ", r.AccessControlRequestMethod)
	field("request_headers", ",", r.AccessControlRequestHeaders)
	field("private_network", ", ", r.AccessControlRequestPrivateNetwork)
	field("fetch_site", ", ", r.SecFetchSite)
	if dropped > 0 {
		line.AddAttrs(slog.Uint64("dropped", dropped))
	}
}

// printable replaces characters that are not printable, so that a value cannot begin a
// new line, move the cursor of a terminal or hide, even if the handler does not escape
// it. It does not remove them, because the remaining text could be an origin that nobody
// sent.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// limit limits the number of lines in a minute.
type limit struct {
	perMinute int // negative for no limit

	mu      sync.Mutex
	left    float64 // how many lines may be written now
	last    time.Time
	dropped uint64 // since the last line
}

// take reports whether a line may be written now, and how many were dropped before it.
func (l *limit) take(now time.Time) (dropped uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := float64(l.perMinute)
	switch {
	case l.perMinute < 0 || l.last.IsZero():
		l.left = max(most, 1)
	default:
		l.left = min(most, l.left+most*now.Sub(l.last).Minutes())
	}
	l.last = now
	if l.left < 1 {
		l.dropped++
		return 0, false
	}
	l.left--
	dropped, l.dropped = l.dropped, 0
	return dropped, true
}
