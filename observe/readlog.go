package observe

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/corskit/corskit/core"
)

// LineError is the error of a line that [ReadLog] cannot read.
type LineError struct {
	Line int   // the first line is 1
	Err  error // what is wrong with it
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// maxLine is the maximum length in bytes of a line that ReadLog reads. Lines of Log have
// at most 32 KiB, even if each byte of a request is escaped.
const maxLine = 64 << 10

// ReadLog reads the refusals that [Log] wrote to a [log/slog.JSONHandler], one object on
// each line. It ignores empty lines, and objects with another msg. It yields a
// [*LineError] for each line that is not such an object, is incomplete or is longer than
// 64 KiB; the caller may count it and continue. If reading fails, ReadLog yields the error
// and ends. It keeps one line in memory.
//
// Count is the count on the line, MaxError is 0, and Last is the time of the line. Lines
// with equal Origin, Kind, Code, Refused, Policy, Route and First are about the same
// refusal, and the highest Count is a lower bound on its number. Because Log writes at
// doubling counts, the true number is less than twice that bound, unless lines were
// dropped. If First differs, add the numbers: the service was restarted, or Log had
// dropped the refusal from memory.
//
// Request is the refused request, with two exceptions: several lines of
// Access-Control-Request-Headers are joined into one, and so are those of
// Access-Control-Request-Method. A joined method is not a valid method, so no policy
// allows it.
//
// The handler must not use groups or rename attributes. It may leave out host, path and
// raw_path; origin, kind, code, route and count must stay.
func ReadLog(r io.Reader) iter.Seq2[Refusal, error] {
	return func(yield func(Refusal, error) bool) {
		in := bufio.NewReaderSize(r, maxLine)
		for number := 1; ; number++ {
			line, end := readLine(in)
			if end != nil && end != io.EOF && end != bufio.ErrBufferFull {
				yield(Refusal{}, end)
				return
			}
			refusal, ok, err := parseLine(line)
			if end == bufio.ErrBufferFull {
				err = fmt.Errorf("longer than %d bytes", maxLine)
			}
			if err != nil {
				if !yield(Refusal{}, &LineError{number, err}) {
					return
				}
			} else if ok && !yield(refusal, nil) {
				return
			}
			if end == io.EOF {
				return
			}
		}
	}
}

// readLine returns the next line, which is valid until the next call. If it is too long,
// readLine skips it and returns no line and [bufio.ErrBufferFull].
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	for err == bufio.ErrBufferFull {
		_, err = in.ReadSlice('\n')
	}
	if err == nil || err == io.EOF {
		err = bufio.ErrBufferFull
	}
	return nil, err
}

// logLine is a line of Log.
type logLine struct {
	Time           time.Time `json:"time"`
	Msg            string    `json:"msg"`
	Origin         *string   `json:"origin"`
	Method         string    `json:"method"`
	Host           string    `json:"host"`
	Path           string    `json:"path"`
	Kind           string    `json:"kind"`
	Code           core.Code `json:"code"`
	Policy         string    `json:"policy"`
	Route          *int      `json:"route"`
	Refused        string    `json:"refused"`
	Count          uint64    `json:"count"`
	First          time.Time `json:"first"`
	RawPath        string    `json:"raw_path"`
	FoldPath       bool      `json:"fold_path"`
	RequestMethod  *string   `json:"request_method"`
	RequestHeaders *string   `json:"request_headers"`
	PrivateNetwork *string   `json:"private_network"`
	FetchSite      *string   `json:"fetch_site"`
}

var errIncomplete = errors.New("an attribute of a refusal is missing or unknown")

// parseLine returns the refusal on a line. ok is false if the line has another message.
func parseLine(text []byte) (r Refusal, ok bool, err error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return r, false, nil
	}
	if text[0] != '{' {
		return r, false, errors.New("not a JSON object")
	}
	if !bytes.Contains(text, []byte(RefusedMessage)) {
		if !json.Valid(text) {
			return r, false, errors.New("not a JSON object")
		}
		return r, false, nil
	}
	var l logLine
	if !l.scan(text) {
		l = logLine{}
		if err := json.Unmarshal(text, &l); err != nil {
			return r, false, err
		}
	}
	if l.Msg != RefusedMessage {
		return r, false, nil
	}
	r, err = l.refusal()
	return r, err == nil, err
}

func (l *logLine) refusal() (Refusal, error) {
	r := Refusal{
		Code: l.Code, Refused: l.Refused, Policy: l.Policy, Count: l.Count, First: l.First, Last: l.Time,
		Request: core.Request{
			Method: l.Method, Host: l.Host, Path: l.Path, RawPath: l.RawPath, FoldPath: l.FoldPath,
			AccessControlRequestMethod: optional(l.RequestMethod), AccessControlRequestHeaders: optional(l.RequestHeaders),
			AccessControlRequestPrivateNetwork: optional(l.PrivateNetwork), SecFetchSite: optional(l.FetchSite),
		},
	}
	switch l.Kind {
	case core.Actual.String():
		r.Kind = core.Actual
	case core.Preflight.String():
		r.Kind = core.Preflight
	}
	if r.Kind == core.NotCORS || l.Origin == nil || l.Route == nil || l.Code == "" || l.Count == 0 {
		return Refusal{}, errIncomplete
	}
	r.Route = *l.Route
	r.Request.Origin = optional(l.Origin)
	if l.Code == core.CodeOriginRepeated {
		r.Request.Origin = strings.SplitN(*l.Origin, ", ", 2)
	}
	r.Origin = r.Request.Origin[0]
	return r, nil
}

// scan reads a line in the form that slog usually writes: without blanks, nested values
// and unusual characters. It returns false for other lines, which encoding/json must
// read. scan accepts no line that encoding/json would read differently, and takes a
// fraction of the time.
func (l *logLine) scan(text []byte) bool {
	for separator := byte('{'); len(text) > 0 && text[0] == separator; separator = ',' {
		name, rest, escaped, ok := cutString(text[1:])
		if !ok || escaped || len(rest) < 2 || rest[0] != ':' {
			return false
		}
		rest = rest[1:]
		var value []byte
		if rest[0] == '"' {
			value, rest, escaped, ok = cutString(rest)
			ok = ok && l.setString(name, value, escaped)
		} else {
			value, rest = cutToken(rest)
			ok = l.setToken(name, value)
		}
		if !ok {
			return false
		}
		text = rest
	}
	return string(text) == "}"
}

// cutString returns the string literal at the beginning of text, without its quotes, and
// whether it has escapes.
func cutString(text []byte) (value, rest []byte, escaped, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return nil, nil, false, false
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return text[1:i], text[i+1:], escaped, true
		case c < ' ' || c >= utf8.RuneSelf:
			return nil, nil, false, false
		case c == '\\':
			escaped = true
			if i++; i == len(text) || strings.IndexByte(`"\/bfnrt`, text[i]) < 0 {
				return nil, nil, false, false
			}
		}
	}
	return nil, nil, false, false
}

// cutToken returns the text before the next comma or brace.
func cutToken(text []byte) (token, rest []byte) {
	if i := bytes.IndexAny(text, ",}"); i >= 0 {
		return text[:i], text[i:]
	}
	return text, nil
}

func (l *logLine) setString(name, value []byte, escaped bool) bool {
	switch string(name) {
	case "time":
		return !escaped && l.Time.UnmarshalText(value) == nil
	case "first":
		return !escaped && l.First.UnmarshalText(value) == nil
	case "msg":
		l.Msg = string(value)
	case "origin":
		l.Origin = new(string(value))
	case "method":
		l.Method = string(value)
	case "host":
		l.Host = string(value)
	case "path":
		l.Path = string(value)
	case "kind":
		l.Kind = string(value)
	case "code":
		l.Code = core.Code(value)
	case "policy":
		l.Policy = string(value)
	case "refused":
		l.Refused = string(value)
	case "raw_path":
		l.RawPath = string(value)
	case "request_method":
		l.RequestMethod = new(string(value))
	case "request_headers":
		l.RequestHeaders = new(string(value))
	case "private_network":
		l.PrivateNetwork = new(string(value))
	case "fetch_site":
		l.FetchSite = new(string(value))
	default:
		return isOther(name)
	}
	return !escaped
}

// setToken sets a value that is not a string.
func (l *logLine) setToken(name, token []byte) bool {
	n, err := strconv.Atoi(string(token))
	isNumber := err == nil && strconv.Itoa(n) == string(token)
	isBool := string(token) == "true" || string(token) == "false"
	switch string(name) {
	case "count":
		l.Count = uint64(n)
		return isNumber && n >= 0
	case "route":
		l.Route = &n
		return isNumber
	case "fold_path":
		l.FoldPath = string(token) == "true"
		return isBool
	default:
		return (isNumber || isBool) && isOther(name)
	}
}

// isOther reports whether a name is certainly not a field of logLine, in any case.
func isOther(name []byte) bool {
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return !known[string(name)]
}

// known has the names of the fields of logLine.
var known = func() map[string]bool {
	names := make(map[string]bool)
	for f := range reflect.TypeFor[logLine]().Fields() {
		names[f.Tag.Get("json")] = true
	}
	return names
}()

// optional returns the lines of a field that may be absent.
func optional(value *string) []string {
	if value == nil {
		return nil
	}
	return []string{*value}
}
