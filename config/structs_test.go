package config_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
)

// lifetime is a duration as applications define it, to decode it from text.
type lifetime struct{ time.Duration }

// level is a duration of another kind, with its own text.
type level int64

func (l level) String() string { return time.Duration(l).String() }

type common struct {
	AllowCredentials bool `json:"allow_credentials" yaml:"-"`
	MaxAge           time.Duration
	hidden           int
}

type tagged struct {
	Origins []string `mapstructure:"allow_origins" yaml:"origins"`
	Methods []string `koanf:"allow_methods"`
	Headers []string `yaml:"allow_headers,omitempty"`
	Expose  []string `toml:"expose_headers"`
	File    string   `json:"origins_file"`
	Secret  string   `mapstructure:"-"`
	common  `mapstructure:",squash"`
}

// String is for a log: the struct is still a table.
func (tagged) String() string { return "redacted" }

// TestStructs reads structs as other libraries fill them.
func TestStructs(t *testing.T) {
	yes := true
	site, err := url.Parse("https://a.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, policy := range map[string]any{
		"tags": tagged{Origins: []string{"https://a.example"}, Methods: []string{"PUT"}, Secret: "x",
			common: common{AllowCredentials: true, MaxAge: 10 * time.Minute, hidden: 1}},
		"a pointer": &tagged{Origins: []string{"https://a.example"}, Methods: []string{"PUT"},
			common: common{AllowCredentials: true, MaxAge: 10 * time.Minute}},
		"no tags": struct {
			AllowOrigins     []string
			AllowMethods     any
			AllowCredentials *bool
			MaxAge           lifetime
			RejectDisallowed *bool
		}{AllowOrigins: []string{"https://a.example"}, AllowMethods: "PUT", AllowCredentials: &yes, MaxAge: lifetime{10 * time.Minute}},
		"URLs": struct {
			AllowOrigins     []*url.URL
			AllowMethods     []string
			AllowCredentials bool
			MaxAge           level
		}{[]*url.URL{site}, []string{"PUT"}, true, level(10 * time.Minute)},
		"an embedded pointer and a map of the rest": struct {
			*common
			Rest map[string]any `mapstructure:",remain"`
		}{&common{MaxAge: 10 * time.Minute, AllowCredentials: true},
			map[string]any{"allow_origins": []url.URL{*site}, "allow_methods": "PUT"}},
		"inner text": map[string]any{"allow_origins": "https://a.example", "allow_methods": []string{"PUT"},
			"allow_credentials": "true", "max_age": "10m"},
	} {
		c, err := config.ReadMap(map[string]any{"policies": map[string]any{"app": policy}}, noEnvironment)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := c.Policies[0]
		if !slices.Equal(p.AllowOrigins, []string{"https://a.example"}) || !slices.Equal(p.AllowMethods, []string{"PUT"}) ||
			p.MaxAge != 10*time.Minute || !p.AllowCredentials {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// TestStructOfSection reads the whole section from the struct of an application.
func TestStructOfSection(t *testing.T) {
	type policy struct{ AllowOrigins []string }
	type route struct {
		Path     string
		Policies []string
	}
	type section struct {
		Policies struct {
			App, Public policy
			Absent      *policy
		}
		Variables       struct{ AppURL, Other string }
		IgnoreVariables []string
		Routes          []route
	}
	var app struct {
		Addr string
		HTTP struct{ CORS *section } `yaml:"http"`
	}
	app.HTTP.CORS = &section{Routes: []route{{Path: "/public/", Policies: []string{"public"}}, {Policies: []string{"app"}}}}
	app.HTTP.CORS.Policies.App.AllowOrigins = []string{}
	app.HTTP.CORS.Variables.AppURL = "policies.app.max_age"
	app.HTTP.CORS.Policies.Public.AllowOrigins = []string{"*"}
	c, err := config.ReadMap(map[string]any{"app": app}, config.Options{Environ: []string{"APP_URL=5m"}, Key: "app.http.cors"})
	if err != nil {
		t.Fatal(err)
	}
	a, p := c.Policies[0], c.Policies[1]
	if a.Name != "app" || a.AllowOrigins == nil || a.MaxAge != 5*time.Minute || p.AllowOrigins[0] != "*" ||
		len(c.Policies) != 2 || len(c.Routes) != 2 {
		t.Errorf("%+v, %+v", c.Policies, c.Routes)
	}
	app.HTTP.CORS = nil
	_, err = config.ReadMap(map[string]any{"app": app}, noEnvironment, config.Options{Key: "app.http.cors"})
	if err == nil || !strings.Contains(err.Error(), "got no value") {
		t.Errorf("no section: %v", err)
	}
}

// TestStructFaults: unknown fields are faults, set or not, and messages have the keys.
func TestStructFaults(t *testing.T) {
	type cycle struct {
		*cycle
		MaxAge string
	}
	loop := &cycle{MaxAge: "5m"}
	loop.cycle = loop
	type tree struct {
		Left, Right *tree `mapstructure:",squash"`
	}
	full := &tree{}
	full.Left, full.Right = full, full
	for _, c := range []struct {
		policy any
		want   string
	}{
		{struct{ Enabled bool }{}, "policies.app.enabled: an unknown key"},
		{struct {
			Origins []string `json:"allowOrigins"`
		}{}, `policies.app.allowOrigins: an unknown key; did you mean "allow_origins"?`},
		{struct{ MaxAge int }{600}, `policies.app.max_age "600": a duration without a unit`},
		{struct{ MaxAge time.Duration }{-time.Second}, `policies.app.max_age "-1s": a negative duration`},
		{struct{ AllowOrigins []string }{[]string{"a.example"}}, `policies.app.allow_origins[0] "a.example": an origin begins`},
		{struct{ AllowOrigins []struct{} }{make([]struct{}, 1)}, "policies.app.allow_origins[0]: expected text, got a table"},
		{struct{ MaxAge, Max_Age string }{"5m", "6m"}, "policies.app.max_age: already set"},
		{loop, "nest too deeply"},
		{full, "nest too deeply"},
	} {
		_, err := config.FromMap(map[string]any{"policies": map[string]any{"app": c.policy}}, noEnvironment)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.policy, err, c.want)
		}
	}
}
