package fleet_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

func sampleStatus() fleet.Status {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return fleet.Status{
		Instance: "web-0", Labels: map[string]string{"region": "eu"}, Version: "v0.1.0", State: fleet.StateRefused,
		Head: 7, Judged: 99, Wanted: 7, Seen: 7, Time: now,
		Active: fleet.Active{Revision: 6, Manifest: hashOf([]byte("a")), Source: fleet.SourceDisk, Since: now},
		Fault:  &fleet.Fault{Reason: reason.RefusedPolicy, Text: "the configuration has faults", Since: now},
		Cache:  &fleet.Fault{Reason: reason.Cache, Text: "no space left", Since: now},
		Shadow: &fleet.ShadowCounts{Revision: 7, Decisions: 3, Stricter: 2, Looser: 1},
	}
}

// TestStatusFits checks that a status is decoded as it was encoded, and that long texts
// are cut until it fits.
func TestStatusFits(t *testing.T) {
	data, err := fleet.EncodeStatus(sampleStatus())
	if err != nil {
		t.Fatal(err)
	}
	got, err := fleet.ParseStatus("web-0", data)
	if err != nil || !reflect.DeepEqual(got, sampleStatus()) {
		t.Errorf("got %+v, %v; want %+v", got, err, sampleStatus())
	}
	long := sampleStatus()
	long.Instance = strings.Repeat("a", 128)
	for i := range 16 {
		long.Labels[fmt.Sprintf("%063d", i)[:63]] = strings.Repeat("é", 31)
	}
	delete(long.Labels, "region")
	long.Fault.Text, long.Cache.Text = strings.Repeat("<\n", 9000), strings.Repeat("\x1b", 9000)
	data, err = fleet.EncodeStatus(long)
	if err != nil || len(data) > 4<<10 {
		t.Fatalf("%d bytes, %v; want at most 4 KiB", len(data), err)
	}
	if got, err := fleet.ParseStatus(long.Instance, data); err != nil || got.Fault.Text == "" || len(got.Labels) != 16 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzStatus(f *testing.F) {
	data, err := fleet.EncodeStatus(sampleStatus())
	if err != nil {
		f.Fatal(err)
	}
	f.Add("web-0", data)
	f.Add("a", []byte(`{"instance":"a","state":"\u001b","fault":{"reason":"\n","text":"\u202e"},"labels":{"a":""}}`))
	f.Add("\x1b", []byte(`{"instance":"\u001b"}`))
	f.Fuzz(func(t *testing.T, instance string, data []byte) {
		s, err := fleet.ParseStatus(instance, data)
		if err != nil && (reasonOf(err) == reason.Reason("") || !printable(err.Error())) {
			t.Errorf("an error without a reason, or not one line: %q", err)
		}
		texts := []string{s.Instance, s.Version, string(s.State), string(s.Active.Source), s.Active.Manifest}
		for name, value := range s.Labels {
			texts = append(texts, name, value)
		}
		for _, fault := range []*fleet.Fault{s.Fault, s.Cache} {
			if fault != nil {
				texts = append(texts, string(fault.Reason), fault.Text)
			}
		}
		for _, text := range texts {
			if !printable(text) || len(text) > 1<<10 {
				t.Errorf("a text that is not fit for a terminal: %q", text)
			}
		}
	})
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
