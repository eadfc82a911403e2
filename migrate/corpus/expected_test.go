package corpus_test

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/migrate"
	"github.com/corskit/corskit/migrate/corpus/settings"
)

// expectation is what the test expects of a program, if that is not a complete translation.
type expectation struct {
	outcome migrate.Outcome
	layers  []int // the results of two layers, the outer one first
	none    bool  // a program without a configuration
	kept    func(*core.Policy)
}

// decides adds a function that stays the user's code to a policy.
func decides(allows func(r core.Request) bool) func(*core.Policy) {
	return func(p *core.Policy) {
		p.AllowOriginFunc = func(_ context.Context, r core.Request) bool { return allows(r) }
	}
}

func isApp(r core.Request) bool { return r.OriginValue() == "https://app.example" }

func isAppItem(r core.Request) bool { return r.Path == "/item" && isApp(r) }

func ofHost(r core.Request) bool {
	u, err := url.Parse(r.OriginValue())
	return err == nil && u.Hostname() == "app.example"
}

// helpers are functions without parameters that contain the configuration of a program.
var helpers = map[string]string{
	"handwritten.ginCORS": "handwritten.GinConstant",
	"handwritten.cors":    "handwritten.Method",
}

var expected = map[string]expectation{
	"jub0bs.Zero":   {none: true},
	"rs.File":       {outcome: migrate.Partly, kept: decides(isApp)},
	"rs.Parsed":     {kept: decides(ofHost)},
	"rs.ByRequest":  {outcome: migrate.Partly, kept: decides(isAppItem)},
	"rs.True":       {outcome: migrate.NoPolicy},
	"rs.TwoLayers":  {layers: []int{1, 0}},
	"gin.TwoLayers": {layers: []int{0, 1}},
	"rs.EnvNumber":  {outcome: migrate.Partly, kept: func(p *core.Policy) { p.MaxAge = 10 * time.Minute }},

	"chi.ByMethod": {outcome: migrate.Partly, kept: decides(func(r core.Request) bool { return r.Path != "/create" && isApp(r) })},
	"chi.True":     {outcome: migrate.NoPolicy},
	"gin.True":     {outcome: migrate.NoPolicy},
	"gin.WithContext": {outcome: migrate.Partly, kept: decides(func(r core.Request) bool {
		return r.Path == "/item" && slices.Contains(settings.Defaults, r.OriginValue())
	})},
	"echo4.UnsafeAny":  {outcome: migrate.NoPolicy},
	"echo5.Reflecting": {outcome: migrate.NoPolicy},
	"fiber3.True":      {outcome: migrate.NoPolicy},
	"gozero.Asterisk":  {outcome: migrate.NoPolicy},
	"gozero.Headers":   {outcome: migrate.NoPolicy},
	"gozero.Custom": {outcome: migrate.Partly, kept: func(p *core.Policy) {
		p.AllowMethods, p.AllowHeaders, p.ExposeHeaders = []string{"PUT"}, []string{"content-type", "x-token"}, []string{"x-total"}
	}},
	"handwritten.Reflection":    {outcome: migrate.NoPolicy},
	"handwritten.GinReflection": {outcome: migrate.NoPolicy},
	"handwritten.Method":        {outcome: migrate.Partly, kept: func(p *core.Policy) { p.AllowOrigins = []string{"https://app.example"} }},
	"handwritten.Unreadable":    {outcome: migrate.Unread},
}
