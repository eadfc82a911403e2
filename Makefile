# Short names for everyday commands. The recipes also work when typed by hand.
# .ci/run is the full check.

FUZZTIME ?= 30s

.PHONY: check test browsers fuzz bench docs api counts release-dry-run

check: # the default: what to run after every change
	go build work
	go vet work
	@test -z "$$(git ls-files '*.go' | xargs gofmt -l | tee /dev/stderr)"
	go test -short work

test: # all tests, without browsers and the whole proof
	CORSKIT_BROWSERS=off go test work

browsers: # the suite in Chromium, Firefox and WebKit, which must be installed
	CORSKIT_BROWSERS=require go test -count=1 -timeout=30m ./conformance/realbrowser ./conformance/hosts/matrix

fuzz: # every fuzz target, FUZZTIME each
	@git grep '^func Fuzz' -- '*_test.go' | sed -E 's|/[^/]*:func (Fuzz[A-Za-z0-9]*).*| \1|' | while read -r dir name; do \
		(set -x; go test ./$$dir -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x) || exit 1; \
	done

bench: # measure corskit and other libraries; writes docs/performance.md and docs/performance/contributors.md
	go run ./benchmarks/cmd/report

docs: # write the pages and tables that come from code
	go run ./conformance/scoreboard
	go test ./conformance -run TestRulesPage -update
	go test ./conformance/browsermodel/console -run TestErrorsPage -update
	go test ./cmd/corskit -run TestCodesPage -update
	go test ./config -run TestReference -update
	go test ./conformance/realbrowser -run TestProof -update
	go test -C docs/migrate . -update
	go test -C docs/observe . -update

api: # write api/, the exported names
	go run ./tools/release api

release-dry-run: # a release in a throw-away clone; leaves binaries in dist
	rm -rf dist
	go run ./tools/release dry-run -dist dist

counts: # exported names, lines, long functions, repeated lines; REF=main counts main too
	go run ./tools/counts $(REF)
