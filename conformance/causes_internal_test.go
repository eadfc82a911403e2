package conformance

import (
	"regexp"
	"testing"
)

// A reader in a hurry follows a fix and reads no further. So a fix that says to send an
// origin, credentials or the headers of a policy must also say under which condition.
func TestFixesSayWhen(t *testing.T) {
	loose := regexp.MustCompile(`\b(send|set|answer)\b.*(Allow-Origin|Allow-Credentials|\bOrigin\b|"\*"|headers of the policy|exposed)`)
	condition := regexp.MustCompile(`\b(only if|if the policy|if an entry|no entry|if one matches|only values of the policy|` +
		`to allowed origins|that the policy lists)\b`)
	seen := 0
	for _, c := range causes {
		if loose.MatchString(c.fix) {
			seen++
			if !condition.MatchString(c.fix) {
				t.Errorf("%s: the fix has no condition: %s", c.title, c.fix)
			}
		}
		if c.fix == "" || len(c.fix) > 360 {
			t.Errorf("%s: the fix has %d bytes", c.title, len(c.fix))
		}
	}
	if seen < 8 {
		t.Errorf("only %d fixes say to send something", seen)
	}
}
