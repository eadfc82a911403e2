package observe

import (
	"maps"
	"testing"

	"github.com/corskit/corskit/core"
)

// Headers that inWords does not know are differences too.
func TestOtherHeaders(t *testing.T) {
	names := otherHeaders(maps.All(map[string]string{"Access-Control-Allow-Origin": "*", "Vary": "Origin", "X-New": "1"}))
	now := outcome{result: core.ResultAllowed, code: core.CodeAnyOrigin}
	then := now
	then.headers = names
	if now == then || now.inWords(then, "") == now.inWords(now, "") || then.inWords(now, "") == now.inWords(then, "") {
		t.Errorf("names %q: %q becomes %q", names, now.inWords(then, ""), then.inWords(now, ""))
	}
}
