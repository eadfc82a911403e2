package config_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets more tests run at once than there are processors, because most of the
// parallel ones wait for a Watcher. The flag -parallel still decides if it is given.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
