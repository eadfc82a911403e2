package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func TestMain(m *testing.M) {
	if os.Getenv(etcdVariable) != "" { // the simulator starts itself as an etcd
		etcdmain.Main(os.Args)
		return
	}
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"-replicas", "3", "-size", "1KiB,100KiB", "-pushes", "1", "-connections", "2", "-out", dir}
	if testing.Short() {
		args[3] = "1KiB"
	} else {
		args = append(args, "-faults", "cut,restart")
	}
	var out, progress bytes.Buffer
	if err := run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	want := []string{"replicas", "apply p50", "1 KiB", "all of it"}
	if !testing.Short() {
		want = append(want, "100 KiB", "one line", "during cut", "during restart")
	}
	for _, file := range []string{pageName, plotName} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
	}
	for _, text := range append(want, "How it grows", "<svg", "</svg>") {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the output lacks %q:\n%s", text, out.String())
		}
	}
	if strings.Contains(out.String(), "NaN") {
		t.Errorf("the output has NaN:\n%s", out.String())
	}
}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-replicas 0":                         "not a number above 0",
		"-replicas many":                      "not a number above 0",
		"-size 1KB":                           "not a number above 0",
		"-pushes 0":                           "-pushes",
		"-members 2":                          "-members",
		"-faults meteor":                      "unknown fault",
		"more":                                "unexpected argument",
		"-size 9999999GiB":                    "not a number above 0",
		"-connections -1":                     "-connections",
		"-budget 1 -size 1MiB -replicas 1000": "nothing was measured",
	} {
		var out bytes.Buffer
		if err := run(t.Context(), strings.Fields(args), &out, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

func TestPercentile(t *testing.T) {
	var sorted []time.Duration
	for i := range 200 {
		sorted = append(sorted, time.Duration(i+1))
	}
	for percent, want := range map[int]time.Duration{0: 1, 1: 2, 50: 100, 99: 198, 100: 200} {
		if got := percentile(sorted, percent); got != want {
			t.Errorf("percentile %d is %d, want %d", percent, got, want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("percentile of nothing is %d", got)
	}
}
