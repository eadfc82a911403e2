package migrate

import (
	"fmt"
	"go/constant"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

func constantInt(n int64) constant.Value { return constant.MakeInt64(n) }

// handwrittenTranslate reads the options that [Program.asOptions] makes.
func handwrittenTranslate(t *Translation) {
	t.handwrittenCredentials()
	t.handwrittenOrigins()
	t.Policy.AllowPrivateNetwork = t.boolean("Access-Control-Allow-Private-Network", "AllowPrivateNetwork")
	t.handwrittenMethods()
	t.handwrittenHeaders()
	exposed, _ := t.list("Access-Control-Expose-Headers", "ExposeHeaders")
	t.exposed("Access-Control-Expose-Headers", exposed)
	t.handwrittenAge()
	t.handwrittenFaults()
}

// handwrittenCredentials allows credentials if the header is set on preflights and on answers.
func (t *Translation) handwrittenCredentials() {
	actual := t.boolean("Access-Control-Allow-Credentials", "AllowCredentials")
	preflight := t.boolean("AllowCredentialsOfPreflights", "AllowCredentials")
	t.Policy.AllowCredentials = actual && preflight
	if actual == preflight {
		return
	}
	n := Note{Code: "half-credentials", Change: Narrower, Wrong: true, Scope: Scope{Credentials: "with"},
		Text: "Access-Control-Allow-Credentials is set on answers but not on preflights, so browsers allow only some requests with " +
			"credentials; " +
			"the policy allows none: set AllowCredentials if scripts need them"}
	if preflight {
		n.Change, n.Scope.Kinds = Fixed, []string{Handler}
		n.Text = "Access-Control-Allow-Credentials is set on preflights but not on answers, so browsers refuse every answer to a request " +
			"with credentials after the handler has run; the policy refuses the preflight; set AllowCredentials if scripts need them"
	}
	t.note(n)
}

func (t *Translation) handwrittenOrigins() {
	if p, ok := t.option(allowOrigin).(*Predicate); ok {
		if ways, ok := languages(p.Tree); !ok || !t.decided(allowOrigin, p, ways) {
			t.NoPolicy("no list can express how the middleware decides which origins are allowed: write AllowOriginFunc, or list the " +
				"origins " +
				"in AllowOrigins")
		}
		return
	}
	entries, _ := t.list(allowOrigin, "AllowOrigins")
	var meanings []meaning
	for _, e := range entries {
		if e.text == "*" {
			t.anyOrigin(allowOrigin)
			return
		}
		if strings.ContainsAny(e.text, ", ") {
			t.note(Note{Code: "several-origins", Change: Same, Wrong: true, Pos: e.pos,
				Text: fmt.Sprintf("%s is %q, but its value must be one origin, so browsers refused every answer; list the origins in "+
					"AllowOrigins", allowOrigin, e.text)})
			continue
		}
		meanings = append(meanings, exactly(e, e.text))
	}
	t.origins(allowOrigin, meanings)
}

// handwrittenMethods reads the list of methods in answers to preflights.
func (t *Translation) handwrittenMethods() {
	entries, _ := t.list("Access-Control-Allow-Methods", "AllowMethods")
	if slices.ContainsFunc(entries, func(e entry) bool { return e.text == repeated }) {
		t.Policy.AllowMethods = []string{"*"}
		return
	}
	t.methods("Access-Control-Allow-Methods", entries, identity)
	t.literalStar("Access-Control-Allow-Methods", "method", entries)
}

func (t *Translation) handwrittenHeaders() {
	entries, _ := t.list("Access-Control-Allow-Headers", "AllowHeaders")
	if slices.ContainsFunc(entries, func(e entry) bool { return e.text == repeated }) {
		t.allHeaders()
		t.note(Note{Code: "split-lists", Change: Fixed, Scope: Scope{Kinds: []string{Gateway}},
			Text: "a gateway may split Access-Control-Request-Headers into lines; http.Header.Get reads only the first"})
		return
	}
	t.headers("Access-Control-Allow-Headers", entries)
	t.literalStar("Access-Control-Allow-Headers", "header", entries)
}

// handwrittenAge reads seconds; 0 turns the cache off.
func (t *Translation) handwrittenAge() {
	const option = "Access-Control-Max-Age"
	if n, ok := integer(valueOr(t.option(option))); ok && n == 0 {
		t.Policy.MaxAge = core.NoPreflightCache
		return
	}
	if !isNil(t.option(option)) {
		t.seconds(option, core.NoPreflightCache)
	}
}

// handwrittenFaults adds notes about frequent mistakes of hand-written middlewares.
func (t *Translation) handwrittenFaults() {
	if missing, _ := text(valueOr(t.option("Missing"))); missing != "" {
		t.note(Note{Code: "half-answered", Change: Wider, Wrong: true,
			Text: fmt.Sprintf("%s is not set on %s, so browsers refuse them; the policy allows them for its origins, which is "+
				"probably what was meant; "+
				"if you do not want that, do not mount corskit", allowOrigin, missing)})
	}
	if set, _ := truth(valueOr(t.option("PassesPreflights"))); set {
		t.note(Note{Code: "passes-preflights", Change: Fixed, Wrong: true,
			Scope: Scope{Kinds: []string{Preflight, Handler, Actual, Options, Gateway}},
			Text: "preflights reach the application, which must answer each with a status from 200 to 299; corskit answers them, " +
				"so requests that need one no longer fail where the application has no OPTIONS, and handlers no longer run for preflights"})
	}
	eats, _ := truth(valueOr(t.option("EatsOptions")))
	if without, _ := truth(valueOr(t.option("EatsOptionsWithoutOrigin"))); without && !eats {
		t.note(Note{Code: "options-without-origin", Change: Fixed, Scope: Scope{Kinds: []string{Options}, Server: true},
			Text: "OPTIONS with Access-Control-Request-Method and without Origin is not a preflight: the application answers it"})
	}
	if eats {
		t.note(Note{Code: "every-options", Change: Fixed, Wrong: true,
			Scope: Scope{Kinds: []string{Options, Handler, Actual}, Methods: []string{"OPTIONS"}, Server: true},
			Text:  "the middleware answers every OPTIONS; corskit answers only preflights, and the application answers the rest"})
	}
	if set, _ := truth(valueOr(t.option("Vary"))); !set {
		t.note(Note{Code: "vary-origin", Change: Fixed, Wrong: true, Scope: Scope{Kinds: []string{Cached}},
			Text: "the answer depends on the origin, but Vary does not say so, so a cache gives one origin's answer to another; " +
				"corskit sends Vary: Origin, or the same answer to every origin"})
	}
}
