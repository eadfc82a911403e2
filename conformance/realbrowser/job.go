package realbrowser

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// Job is one fetch for a page to run. The page has the origin of the Fetch; "null"
// means a sandboxed frame.
type Job struct {
	browsermodel.Fetch
	// XHR uses XMLHttpRequest instead of fetch(). It always follows redirects and uses
	// mode cors. Fetches with upload listeners require it.
	XHR bool
	// Wait is how long the page waits before the fetch.
	Wait time.Duration

	visit  string // if set, test whether pages can have this origin, instead of the Fetch
	script string // if set, run this, instead of the Fetch
}

// Outcome is what a script saw.
type Outcome struct {
	// Type is [browsermodel.TypeError] if the promise was rejected or the error event
	// of the request fired. XMLHttpRequest does not distinguish basic from cors; its
	// type is [TypeXHR].
	Type   browsermodel.ResponseType
	Status int
	// Header holds the readable headers as scripts see them: names in lower case and
	// sorted, each once, with its values joined by ", ".
	Header browsermodel.Fields
	Body   string
	// Error is the name and message of the exception, for humans.
	Error string

	late time.Duration // how much longer its sequence has taken than the waits in it
}

// TypeXHR is the type of every response of XMLHttpRequest.
const TypeXHR browsermodel.ResponseType = "xhr"

// Allowed reports whether the script could read the response.
func (o Outcome) Allowed() bool {
	return o.Type == browsermodel.TypeBasic || o.Type == browsermodel.TypeCORS || o.Type == TypeXHR
}

// String returns a bounded description of the outcome, in one line.
func (o Outcome) String() string {
	if o.Type == browsermodel.TypeError {
		return fmt.Sprintf("error (%.200q)", o.Error)
	}
	return fmt.Sprintf("%s %d %.400q %.100q", o.Type, o.Status, o.Header, o.Body)
}

// Seen returns header as a script sees it; see [Outcome].
func Seen(header browsermodel.Fields) browsermodel.Fields {
	var seen browsermodel.Fields
	for _, line := range header {
		name := strings.ToLower(line.Name)
		if !seen.Has(name) {
			value, _ := header.Get(name)
			seen = append(seen, browsermodel.Field{Name: name, Value: value})
		}
	}
	slices.SortFunc(seen, func(a, b browsermodel.Field) int { return strings.Compare(a.Name, b.Name) })
	return seen
}

// Jobs and outcomes travel as JSON, which is text. Headers and bodies are bytes: each
// byte travels as the code point with the same number, as in scripts (Web IDL,
// ByteString).

type jobJSON struct {
	URL         string      `json:"url"`
	Method      string      `json:"method"`
	Header      [][2]string `json:"header"`
	Body        *string     `json:"body"`
	Mode        string      `json:"mode"`
	Redirect    string      `json:"redirect"`
	Credentials bool        `json:"credentials"`
	Listeners   bool        `json:"listeners"`
	XHR         bool        `json:"xhr"`
	Visit       string      `json:"visit,omitempty"`
	Script      string      `json:"script,omitempty"`
	Wait        int64       `json:"wait"`  // milliseconds
	Limit       int64       `json:"limit"` // milliseconds
}

type outcomeJSON struct {
	Type   string      `json:"type"`
	Status int         `json:"status"`
	Header [][2]string `json:"header"`
	Body   string      `json:"body"`
	Error  string      `json:"error"`
	Late   float64     `json:"late"` // milliseconds
}

// Bounds on a job. Only a failure, or a busy machine, takes that long.
const (
	jobLimit    = 20 * time.Second // how long a page waits for an answer
	scriptLimit = 3 * time.Minute  // less than batchLimit, whose error is less specific
)

// MarshalJSON encodes the job for the page.
func (j Job) MarshalJSON() ([]byte, error) {
	out := jobJSON{
		URL: j.URL, Method: j.Method, Mode: string(j.Mode), Redirect: string(j.Redirect),
		Credentials: j.Credentials, Listeners: j.UploadListeners, XHR: j.XHR, Visit: j.visit, Script: j.script,
		Wait: j.Wait.Milliseconds(), Limit: jobLimit.Milliseconds(),
		Header: [][2]string{},
	}
	for _, line := range j.Header {
		out.Header = append(out.Header, [2]string{fromBytes(line.Name), fromBytes(line.Value)})
	}
	if j.Body != "" {
		out.Body = &j.Body
	}
	if j.script != "" {
		out.Limit = scriptLimit.Milliseconds()
	}
	return json.Marshal(out)
}

// UnmarshalJSON decodes an outcome from the page.
func (o *Outcome) UnmarshalJSON(b []byte) error {
	var in outcomeJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*o = Outcome{
		Type: browsermodel.ResponseType(in.Type), Status: in.Status,
		Body: toBytes(in.Body), Error: in.Error,
		late: time.Duration(in.Late * float64(time.Millisecond)),
	}
	for _, line := range in.Header {
		o.Header = append(o.Header, browsermodel.Field{Name: toBytes(line[0]), Value: toBytes(line[1])})
	}
	o.Header = Seen(o.Header)
	return nil
}

func fromBytes(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func toBytes(s string) string {
	var b []byte
	for _, r := range s {
		if r > 0xff {
			b = append(b, string(r)...) // not a byte, so it cannot have been sent
			continue
		}
		b = append(b, byte(r))
	}
	return string(b)
}
