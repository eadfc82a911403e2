package hosts

import "slices"

// Variant is a framework with some of its settings.
type Variant struct {
	Name    string // of the framework and the settings: "gin UseRawPath"
	Options Options
	// Rewrites reports whether the settings make /private/* of paths /old/*.
	Rewrites bool
}

// Position is where an application mounts CORS middleware.
type Position string

// The positions.
const (
	OnApp   Position = "app"   // on the application
	OnOuter Position = "outer" // on a group that has only another group
	OnInner Position = "inner" // on the group of the routes
	OnRoute Position = "route" // on each route separately
)

// Exception is a kind of request that gets no CORS headers from an adapter.
type Exception struct {
	Request  string             // its name in package matrix: "slash"
	Mounted  []Position         // if empty, any
	Settings func(Options) bool // if nil, any
	Why      string             // the cause, and what users can do
}

// Exception returns why the adapter does not cover a request, or "" if it does.
func (h Host) Exception(request string, mounted Position, settings Options) (why string) {
	for _, e := range h.Exceptions {
		if e.Request == request && (len(e.Mounted) == 0 || slices.Contains(e.Mounted, mounted)) &&
			(e.Settings == nil || e.Settings(settings)) {
			return e.Why
		}
	}
	return ""
}
