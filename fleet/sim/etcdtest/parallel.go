package etcdtest

import (
	"flag"
	"strconv"
	"testing"
)

// Parallel lets n tests run at once, unless the flag -parallel says how many. Tests of
// etcd mostly wait, so each does not need a processor of its own. TestMain calls it.
func Parallel(n int) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return
	}
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err)
	}
}

// Both runs a parallel subtest for an embedded etcd and one for Debian's, with the options of
// each.
func Both(t *testing.T, f func(*testing.T, Options)) {
	t.Helper()
	for _, name := range []string{"embedded", "debian"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var options Options
			if name == "debian" {
				options.Binary = Debian(t)
			}
			f(t, options)
		})
	}
}
