package config_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// load returns the error and the warnings of a case.
func (c faultCase) load() (warnings []*config.Warning, err error) {
	opts := config.Options{Environ: append([]string{}, c.env...)}
	if c.main == noFile {
		opts.IgnoreVariables, opts.Variables = c.ignored, c.mapped
		read, err := config.ReadEnv(opts)
		if err != nil {
			return nil, err
		}
		return read.Warnings, nil
	}
	main := c.main
	if main == "" {
		main = "cors.yaml"
	}
	opts.IgnoreVariables, opts.Variables = c.ignored, c.mapped
	r := config.Check(context.Background(), c.files, main, opts)
	return r.Warnings, r.Err
}

// replace returns the case with other text in the place of a fault.
func (c faultCase) replace(e *config.Error, text string) (faultCase, bool) {
	lines := strings.Split(string(c.files[e.File]), "\n")
	if e.Line == 0 || e.Column == 0 || e.Line > len(lines) {
		return c, false
	}
	line := []rune(strings.TrimPrefix(lines[e.Line-1], "\ufeff"))
	end := e.Column - 1 + e.Excerpt.Width
	if end > len(line) || e.Excerpt.Width == 0 && end < len(line) {
		return c, false
	}
	old := string(line[e.Column-1 : end])
	if closing := slices.Index(line, ']'); strings.HasPrefix(old, "[") && closing > 0 {
		end = closing + 1
	}
	if old == "" {
		old, text = " ", " "+text
	}
	if strings.HasSuffix(e.File, ".txt") {
		text = unquote(text)
	}
	if quoted := old[0] == '"' || old[0] == '\''; quoted && !strings.ContainsAny(text[:1], `"[`) && isKeyFault(e) {
		text = strconv.Quote(text)
	}
	lines[e.Line-1] = string(line[:e.Column-1]) + text + string(line[end:])
	c.files = maps.Clone(c.files)
	c.files[e.File] = []byte(strings.Join(lines, "\n"))
	return c, true
}

func isKeyFault(e *config.Error) bool {
	return slices.Contains([]string{"unknown-key", "key-case", "name"}, string(e.Reason)) && e.Value == ""
}

// unquote removes the quotes of a suggestion.
func unquote(text string) string {
	if s, err := strconv.Unquote(text); err == nil {
		return s
	}
	return text
}

// setVariable returns the case with a variable of another name and value. An empty name
// removes it, and a nil value keeps the value.
func (c faultCase) setVariable(old, name string, value *string) faultCase {
	name = strings.Replace(name, "__NAME__", "__SPA__", 1) // the name of a policy of the file
	var env []string
	for _, entry := range c.env {
		n, v, _ := strings.Cut(entry, "=")
		switch {
		case n != old:
			env = append(env, entry)
		case name == "":
		case value != nil:
			env = append(env, name+"="+*value)
		default:
			env = append(env, name+"="+v)
		}
	}
	c.env = env
	return c
}

// replaceJSON returns the case with another text in the JSON of a variable, or in the place
// of a fault of a file.
func (c faultCase) replaceJSON(e *config.Error, old, text string) (faultCase, bool) {
	if e.Variable == "" {
		if !isKeyFault(e) {
			text = strconv.Quote(text)
		}
		return c.replace(e, text)
	}
	at := slices.IndexFunc(c.env, func(entry string) bool { return strings.HasPrefix(entry, e.Variable+"=") })
	value := strings.ReplaceAll(strings.TrimPrefix(c.env[at], e.Variable+"="), strconv.Quote(old), strconv.Quote(text))
	return c.setVariable(e.Variable, e.Variable, &value), true
}

// The forms of suggestions that say what to write.
var (
	meantThat = regexp.MustCompile(`^did you mean ("(?:[^"\\]|\\.)*"|[^\s?,]+)(?:, with the name of a policy)?\?$`)
	writeThat = regexp.MustCompile(`^write (\[.*\]|"(?:[^"\\]|\\.)*"|true or false|true|[0-9]+|\{\})` +
		`(?:: Chromium honours no more|, in quotes|, or upgrade corskit` +
		`| for seconds| to turn off .*| for a policy .*| for every origin, or .*)?$`)
	oneOfThese  = regexp.MustCompile(`^(?:write a duration such as|name it, for example) ".*"$`)
	nameItLike  = regexp.MustCompile(`^unset it, name it like (CORS_\w+)`)
	pathAsIn    = regexp.MustCompile(`^write a path as in (.*)$`)
	keepName    = regexp.MustCompile(`(\?? If not, map it|, map it|, or list it).*IgnoreVariables\)?$`)
	leaveEmpty  = regexp.MustCompile(`leave the variable empty for an empty list$`)
	asJSON      = regexp.MustCompile(`^set (CORS__\w+) to JSON$`)
	inQuotes    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	useAtMost   = regexp.MustCompile(`^use at most (\w+): Chromium honours no more$`)
	validKeys   = regexp.MustCompile(`^valid keys are (.*)$`)
	thePolicies = regexp.MustCompile(`^the policies are (.*)$`)
	setOne      = regexp.MustCompile(`, or set (CORS_\w+)$`)
	declareIt   = regexp.MustCompile(`^declare it there, for example as ([a-z0-9_-]+: \{\})`)
	textOf      = regexp.MustCompile(`^(?:write it as|write the list as a JSON array:|separate the entries with commas:) (.+)$`)
)

// textsOf returns the texts that a suggestion says to write.
func textsOf(s string) []string {
	for _, form := range []*regexp.Regexp{meantThat, useAtMost, textOf, pathAsIn} {
		if m := form.FindStringSubmatch(s); m != nil {
			return m[1:]
		}
	}
	if m := writeThat.FindStringSubmatch(s); m != nil {
		return strings.Split(m[1], " or ")
	}
	for _, form := range []*regexp.Regexp{validKeys, thePolicies} {
		if m := form.FindStringSubmatch(s); m != nil {
			return strings.Split(m[1], ", ")
		}
	}
	if oneOfThese.MatchString(s) {
		return inQuotes.FindAllString(s, -1)
	}
	return nil
}

// keepName is like ways, for suggestions that say how to keep the name of a variable. It
// removes what they say from the suggestion.
func (c faultCase) keepName(e *config.Error) (ways []faultCase) {
	at := keepName.FindStringIndex(e.Suggestion)
	if at == nil {
		return nil
	}
	advice := e.Suggestion[at[0]:]
	e.Suggestion = strings.TrimSuffix(e.Suggestion[:at[0]]+"?", "??")
	if !strings.HasPrefix(advice, "?") {
		e.Suggestion = strings.TrimSuffix(e.Suggestion, "?")
	} else if !strings.HasSuffix(e.Suggestion, "?") {
		e.Suggestion += "?"
	}
	ignoring := c
	ignoring.ignored = append(slices.Clone(c.ignored), e.Variable)
	ways = append(ways, ignoring)
	if file := string(c.files["cors.yaml"]); strings.Contains(advice, "map it") && strings.Contains(file, "spa: {}") {
		empty := ""
		mapping := c.setVariable(e.Variable, e.Variable, &empty)
		mapping.mapped = map[string]string{e.Variable: "policies.spa.allow_origins"}
		ways = append(ways, mapping)
	}
	return ways
}

// otherWays is like ways, for suggestions that do not only name a text to write.
func (c faultCase) otherWays(e *config.Error) []faultCase {
	empty, routes := "", `[{"policies": ["spa"]}]`
	switch s := e.Suggestion; {
	case declareIt.MatchString(s):
		declared := c
		declared.files = maps.Clone(c.files)
		declared.files["cors.yaml"] = []byte(strings.Replace(string(c.files["cors.yaml"]), "policies: {",
			"policies: {"+declareIt.FindStringSubmatch(s)[1]+", ", 1))
		if m := setOne.FindStringSubmatch(s); m != nil {
			return []faultCase{declared, c.setVariable(e.Variable, m[1], nil)}
		}
		return []faultCase{declared}
	case nameItLike.MatchString(s):
		return []faultCase{c.setVariable(e.Variable, "", nil), c.setVariable(e.Variable, nameItLike.FindStringSubmatch(s)[1], &empty)}
	case asJSON.MatchString(s):
		return []faultCase{c.setVariable(e.Variable, asJSON.FindStringSubmatch(s)[1], &routes)}
	case leaveEmpty.MatchString(s):
		return []faultCase{c.setVariable(e.Variable, e.Variable, &empty)}
	case strings.HasPrefix(s, "set this one (an empty value"):
		c.env = append(slices.Clone(c.env), e.Variable+"=")
		return []faultCase{c}
	case s == "unset it":
		return []faultCase{c.setVariable(e.Variable, "", nil)}
	}
	return nil
}

// ways returns what the case may become if its author follows a suggestion. It returns
// none if the suggestion does not say what to write.
func (c faultCase) ways(e *config.Error) []faultCase {
	ways := append(c.keepName(e), c.otherWays(e)...)
	for _, text := range textsOf(e.Suggestion) {
		text = strings.TrimSuffix(text, ", ...]")
		if strings.HasPrefix(text, "[") && !strings.HasSuffix(text, "]") {
			text += "]"
		}
		way, unquoted, ok := c, unquote(text), true
		switch {
		case e.Variable != "" && validKeys.MatchString(e.Suggestion):
			way = c.setVariable(e.Variable, e.Variable[:strings.LastIndex(e.Variable, "__")+2]+text, nil)
		case strings.HasPrefix(e.Key, "routes["):
			old := e.Value
			if isKeyFault(e) {
				old = e.Key[strings.LastIndexByte(e.Key, '.')+1:]
			}
			way, ok = c.replaceJSON(e, old, unquoted)
		case e.Variable != "" && strings.HasPrefix(unquoted, "CORS_"):
			way = c.setVariable(e.Variable, unquoted, nil)
		case e.Variable != "":
			way = c.setVariable(e.Variable, e.Variable, &unquoted)
		case strings.HasPrefix(e.Key, "variables.") && e.Reason == "name": // the place is that of the value
			name := strings.TrimPrefix(e.Key, "variables.")
			way.files = maps.Clone(c.files)
			way.files[e.File] = []byte(strings.ReplaceAll(string(c.files[e.File]), name, unquoted))
		case isKeyFault(e):
			way, ok = c.replace(e, unquoted)
		default:
			way, ok = c.replace(e, text)
		}
		if !ok {
			return nil
		}
		ways = append(ways, way)
	}
	return ways
}

// remains reports whether a fault is in the place of another.
func remains(e, again *config.Error) bool {
	if again.File != e.File || again.Line != e.Line || again.Column != e.Column || again.Variable != e.Variable {
		return false
	}
	return !strings.HasPrefix(e.Key, "routes[") || again.Key == e.Key && again.Reason == e.Reason
}

// isOfTheCase reports whether a warning is about what a case lacks or has twice, which was
// not visible before.
func isOfTheCase(w *config.Warning) bool {
	return slices.Contains([]reason.Reason{reason.NoOrigins, reason.Duplicate, reason.UnreachablePattern}, w.Reason)
}

// isNaming reports whether a fault is about the name of a key, a policy or a variable.
func isNaming(e *config.Error) bool {
	return slices.Contains([]string{"unknown-key", "key-case", "name", "unknown-variable", "unknown-policy"}, string(e.Reason))
}

// TestEverySuggestionIsAccepted follows the suggestions of all faults that the tests have,
// those for keys, names and variables included. After that, nothing is wrong in the place
// of the fault, and no warning is there either. A suggestion that says what to write in a new form fails the test.
func TestEverySuggestionIsAccepted(t *testing.T) {
	followed := 0
	for _, c := range faultCases {
		_, err := c.load()
		before := make(map[string]bool)
		for e := range config.Errors(err) {
			before[e.Place.String()+string(e.Reason)] = true
		}
		for e := range config.Errors(err) {
			ways := c.ways(e)
			if ways == nil && e.Suggestion != "" && !advice.MatchString(e.Suggestion) {
				t.Errorf("%s: the test cannot follow %q", c.name, e.Error())
			}
			for _, way := range ways {
				followed++
				warnings, err := way.load()
				for _, w := range warnings {
					if remains(e, (*config.Error)(w)) && !isOfTheCase(w) {
						t.Errorf("%s: %v\nfollowed: %q %s\nwarning: %v", c.name, e, way.env, way.files["cors.yaml"], w)
					}
				}
				for again := range config.Errors(err) {
					renamed := isNaming(again) && e.Reason != "missing" && !before[again.Place.String()+string(again.Reason)]
					if again.Reason != reason.NotFound && (remains(e, again) || renamed) {
						t.Errorf("%s: %v\nfollowed: %q %s\nrefused: %v", c.name, e, way.env, way.files["cors.yaml"], again)
					}
				}
			}
		}
	}
	if followed < 100 {
		t.Errorf("followed only %d suggestions", followed)
	}
}

// advice matches the suggestions that have no text to write, and those of core for
// entries, which the tests of core follow.
var advice = regexp.MustCompile(`^(` + strings.Join([]string{
	"load the file that .*", "save the file in UTF-8", "use .yaml, .yml, .json or .toml", "write it in lower case",
	"begin the file with the key policies", "move long lists of origins to an origins_file", "render it first, .*",
	"indent with spaces, .*", "indent it by .*", "look for a line below .*",
	"put values that .* in quotes", "put it in quotes", "remove .*", "write the keys out, .*",
	"is there an extra comma .*", "JSON has no comments; .*", "use double quotes in JSON", "move it into a policy, .*",
	"use [aA]-[zZ] and 0-9, separated by single .*", "use A-Z, 0-9 and _",
	"write the (path of a key|name of a variable), in quotes", "shorten it", "rename one of the two", "unset one of the two",
	"set one, or remove the key", "add one, or remove .*", "use CORS__POLICIES__NAME__KEY",
	"name a policy and a key, as in CORS__POLICIES__SPA__ALLOW_ORIGINS", "write the prefix regexp: .*",
	"see https://golang.org/s/re2syntax", "write it for whole origins, .*",
	"add the key policies.*", "name one .*", "set a value, or .*", "set one, or remove .*", "write one list entry for each.*",
	"set dangerously_.*", "list the origins .*", "serve the page .*", "write only the host", "end it with a slash .*",
	"to refuse every origin, .*",
	"create it, or .*", "Kubernetes sets it .*",
	"move it to allow_headers and expose_headers", "move it to allow_origins", "the presets are .*; list other names without .*",
}, "|") + `)$`)
