package core_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

func ExampleNew() {
	engine, err := core.New(
		core.Policy{
			Name:             "app",
			AllowOrigins:     []string{"https://app.example.com", "https://*.pr.example.com"},
			AllowMethods:     []string{"PUT", "DELETE"},
			AllowHeaders:     []string{"content-type"},
			AllowCredentials: true,
			MaxAge:           10 * time.Minute,
		},
		core.Policy{Name: "partners", AllowOrigins: []string{"https://partner.example"}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := engine.Decide(context.Background(), core.Request{Method: "GET", Origin: []string{"https://7.pr.example.com"}})
	for name, value := range d.Headers() {
		fmt.Printf("%s: %s\n", name, value)
	}
	// Output:
	// Access-Control-Allow-Origin: https://7.pr.example.com
	// Access-Control-Allow-Credentials: true
	// Vary: Origin
}

func ExampleNew_error() {
	_, err := core.New(core.Policy{
		AllowOrigins: []string{"https://example.com/", "*.example.com"},
		AllowMethods: []string{"patch"},
	})
	fmt.Println(strings.ReplaceAll(err.Error(), "; ", ";\n  "))
	// Output:
	// cors: policy "default": AllowOrigins[0] "https://example.com/": a trailing slash is not part of an origin;
	//   did you mean "https://example.com"?
	// cors: policy "default": AllowOrigins[1] "*.example.com": an origin begins with its scheme;
	//   did you mean "https://*.example.com"?
	// cors: policy "default": AllowMethods[0] "patch": methods are case-sensitive, and browsers do not change the case of this one;
	//   did you mean "PATCH"?
}

func ExamplePolicyErrors() {
	_, err := core.New(core.Policy{Name: "app", AllowOrigins: []string{"https://app.example.com:443"}})
	for e := range core.PolicyErrors(err) {
		fmt.Println(e.Policy, e.Field, e.Index, e.Reason, e.Suggestion)
	}
	// Output: app AllowOrigins 0 default-port did you mean "https://app.example.com"?
}

func ExampleEngine_Explain() {
	engine := core.MustNew(core.Policy{
		Name:         "app",
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
		AllowHeaders: []string{"content-type"},
	})
	fmt.Print(engine.Explain(context.Background(), core.Request{
		Method:                      "OPTIONS",
		Origin:                      []string{"https://app.example.com"},
		AccessControlRequestMethod:  []string{"PUT"},
		AccessControlRequestHeaders: []string{"authorization,content-type"},
	}))
	// Output:
	// kind-preflight           OPTIONS with Origin and Access-Control-Request-Method: a preflight
	// origin-allowed           pattern "https://app.example.com" of policy "app" matches "https://app.example.com"
	// credentials-not-allowed  credentials are not allowed: a request with cookies fails
	// method-allowed           "PUT" is allowed
	// header-not-allowed       "authorization" is not in AllowHeaders
	// header-allowed           "content-type" is allowed
	// answered                 answered with 204, the handler does not run
	// header                   Access-Control-Allow-Origin: https://app.example.com
	// header                   Access-Control-Allow-Methods: PUT
	// header                   Access-Control-Allow-Headers: content-type
	// header                   Vary: Origin, Access-Control-Request-Method
	// browser-refuses          the preflight fails: the browser never sends the request
	// hint                     add "authorization" to AllowHeaders of policy "app"
}

func ExampleNewRouted() {
	engine, err := core.NewRouted(
		core.Route{Path: "/public/", Policies: []core.Policy{{Name: "public", AllowOrigins: []string{"*"}}}},
		core.Route{Host: "api.example.com", Policies: []core.Policy{
			{Name: "spa", AllowOrigins: []string{"https://app.example.com"}, AllowCredentials: true},
		}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/public/data.json", "/orders"} {
		d := engine.Decide(context.Background(), core.Request{
			Method: "GET", Host: "api.example.com", Path: path, Origin: []string{"https://app.example.com"},
		})
		fmt.Printf("%s: %s, %s\n", path, d.Policy, d.AllowOrigin)
	}
	// Output:
	// /public/data.json: public, *
	// /orders: spa, https://app.example.com
}

func ExampleEngine_Reload() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://old.example"}})
	if err := engine.Reload(core.Policy{AllowOrigins: []string{"https://new.example/"}}); err != nil {
		fmt.Println("kept the old policy:", engine.AllowsOrigin("https://old.example"))
	}
	if err := engine.Reload(core.Policy{AllowOrigins: []string{"https://new.example"}}); err == nil {
		fmt.Println("the new one:", engine.AllowsOrigin("https://new.example"))
	}
	// Output:
	// kept the old policy: true
	// the new one: true
}

func ExampleEngine_Warnings() {
	engine := core.MustNew(core.Policy{Name: "app", AllowOrigins: []string{"http://app.example.com"}})
	for _, w := range engine.Warnings() {
		fmt.Println(w.Field, w.Value)
		fmt.Println(w.Detail)
		fmt.Println(w.Suggestion)
	}
	// Output:
	// AllowOrigins http://app.example.com
	// anyone on the network can impersonate an http:// origin
	// serve the page over https://
}

// A function that compares the end of the origin lets strangers in.
func ExamplePolicy_CheckOriginFunc() {
	policy := core.Policy{
		AllowOriginFunc: func(_ context.Context, r core.Request) bool {
			return strings.HasPrefix(r.OriginValue(), "https://") && strings.HasSuffix(r.OriginValue(), "example.com")
		},
		AllowCredentials: true,
	}
	err := policy.CheckOriginFunc(context.Background(), "https://example.com", "https://*.example.com")
	for e := range core.PolicyErrors(err) {
		fmt.Println(e.Value+":", e.Detail)
	}
	// Output:
	// https://evilexample.com: the function looks only at the end of the origin
}

// A preflight for a method that is not listed gets the policy's lists. The browser
// compares, and refuses.
func ExampleDecision() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT"}})
	request := core.Request{
		Method:                     "OPTIONS",
		Origin:                     []string{"https://a.example"},
		AccessControlRequestMethod: []string{"DELETE"},
	}
	d := engine.Decide(context.Background(), request)
	fmt.Println("the server allows the origin:", d.Allowed, "and the methods:", d.AllowMethods)
	browser := engine.Explain(context.Background(), request).Browser
	fmt.Println("the browser sends the request:", browser.Allowed)
	fmt.Println(browser.Text)
	// Output:
	// the server allows the origin: true and the methods: PUT
	// the browser sends the request: false
	// the preflight fails: the browser never sends the request
}
