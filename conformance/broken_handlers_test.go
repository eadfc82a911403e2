package conformance_test

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/corskit/corskit/conformance"
)

// brokenHandlers interfere with the handler, or with what it sends.
var brokenHandlers = []brokenMiddleware{
	{"deletes Origin from the request", "N7", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.Header.Del("Origin")
			next.ServeHTTP(w, r)
		})
	}},
	{"upper-cases the request's method", "A14 N4", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.Method = strings.ToUpper(r.Method)
			next.ServeHTTP(w, r)
		})
	}},
	{"runs the handler twice", "A1 N1", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r.Clone(r.Context()))
			next.ServeHTTP(w, r)
		})
	}},
	{"leaves errors without headers", "A7 X1 X2 P4", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			defer func() {
				if reason := recover(); reason != nil {
					w.Header().Del("Access-Control-Allow-Origin")
					panic(reason)
				}
			}()
			next.ServeHTTP(&bareErrors{w, 400}, r)
		})
	}},
	{"leaves 304 without headers", "A8", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(&bareErrors{w, 304}, r)
		})
	}},
	{"leaves redirects without headers", "A9", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(&bareErrors{w, 301}, r)
		})
	}},
	{"logs origins", "D8", func(ref *reference) {
		ref.log = func(s conformance.Setup, r *http.Request) { _, _ = s.Log.Write([]byte(r.Header.Get("Origin"))) }
	}},
	{"hides Flush and Hijack", "X5 X8 X9", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
		})
	}},
	{"holds responses back", "X9", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			held := httptest.NewRecorder()
			next.ServeHTTP(held, r)
			for name, values := range held.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(held.Code)
			_, _ = w.Write(held.Body.Bytes())
		})
	}},
	{"lets handlers overwrite Vary", "X5", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if keeper, ok := w.(*varyKeeper); ok {
				w = keeper.ResponseWriter
			}
			next.ServeHTTP(w, r)
		})
	}},
	{"leaves the upstream's headers in place", "X4", func(ref *reference) { ref.strip = nil }},
}

// bareErrors drops the headers of responses: of redirects if from is 301, of 304 if
// from is 304, and of errors if from is 400.
type bareErrors struct {
	http.ResponseWriter
	from int
}

func (w *bareErrors) WriteHeader(status int) {
	if status == w.from || w.from == 301 && status > 301 && status < 400 && status != 304 || w.from == 400 && status > 400 {
		w.Header().Del("Access-Control-Allow-Origin")
	}
	w.ResponseWriter.WriteHeader(status)
}
