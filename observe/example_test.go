package observe_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

func ExampleLog() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { // the same lines each time, and short ones
			switch a.Key {
			case "time", "level", "msg", "first", "method", "host", "path", "policy", "route", "refused", "kind":
				return slog.Attr{}
			}
			return a
		},
	})
	stop := engine.Observe(observe.Log(handler, observe.LogOptions{Engine: engine}))
	defer stop()

	for range 5 {
		engine.Decide(context.Background(), core.Request{Method: "GET", Origin: []string{"https://b.example"}})
	}
	// Output:
	// origin=https://b.example code=origin-not-allowed count=1 fix="add \"https://b.example\" to AllowOrigins of policy \"default\""
	// origin=https://b.example code=origin-not-allowed count=2 fix="add \"https://b.example\" to AllowOrigins of policy \"default\""
	// origin=https://b.example code=origin-not-allowed count=4 fix="add \"https://b.example\" to AllowOrigins of policy \"default\""
}

func ExampleReadLog() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	var log strings.Builder
	stop := engine.Observe(observe.Log(slog.NewJSONHandler(&log, nil), observe.LogOptions{}))
	engine.Decide(context.Background(), core.Request{Method: "GET", Origin: []string{"https://admin.example.com"}})
	stop()
	log.WriteString("exit status 2\n")

	broken := 0
	for refusal, err := range observe.ReadLog(strings.NewReader(log.String())) {
		var line *observe.LineError
		switch {
		case errors.As(err, &line):
			broken++
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(refusal.Origin, refusal.Code)
			fmt.Println(refusal.Explain(context.Background(), engine).Hint)
		}
	}
	fmt.Println("broken lines:", broken)
	// Output:
	// https://admin.example.com origin-not-allowed
	// add "https://admin.example.com" to AllowOrigins of policy "default"
	// broken lines: 1
}

func ExampleRefusals() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	refusals := observe.NewRefusals(100)
	engine.Observe(refusals)

	for range 3 {
		engine.Decide(context.Background(), core.Request{
			Method: "OPTIONS", Origin: []string{"https://app.example.com"}, AccessControlRequestMethod: []string{"PUT"},
		})
	}
	for _, r := range refusals.Snapshot() {
		fmt.Println(r.Count, r.Origin, r.Kind, r.Code, r.Refused)
		fmt.Println(r.Explain(context.Background(), engine).Hint)
	}
	// Output:
	// 3 https://app.example.com preflight method-not-allowed PUT
	// add "PUT" to AllowMethods of policy "default"
}
