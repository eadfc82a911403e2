package config

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
)

// layer is what one file or the environment sets: typed values, checked against
// the schema, and for each where it stands.
type layer struct {
	values   map[string]any // nested, by lower-case key
	settings map[string]setting
	policies []string // in their order
}

// setting is where the value of a key stands.
type setting struct {
	doc      *document.Document // nil for a variable
	variable string
	key      string
	at       document.Pos   // of the key
	value    *document.Node // nil for a variable that is not written as JSON
}

// place returns the place of entry index of the setting. If index is negative
// it is that of the value, if that is a single one, or of the key.
func (s setting) place(index int) Place {
	key, at := s.key, s.at
	if v := s.value; index < 0 && v != nil && v.Kind != document.List && v.Kind != document.Table && v.Pos.Line > 0 {
		at = v.Pos
	}
	if index >= 0 {
		key += "[" + strconv.Itoa(index) + "]"
		if s.value != nil && index < len(s.value.Items) && s.value.Items[index].Pos.Line > 0 {
			at = s.value.Items[index].Pos
		}
	}
	return s.placeAt(key, at)
}

func (s setting) placeAt(key string, at document.Pos) Place {
	if s.doc == nil || s.variable != "" {
		return Place{Variable: s.variable, Key: key}
	}
	return placeIn(s.doc, at, key)
}

// checker checks the values of one document or variable against the schema.
type checker struct {
	layer  *layer
	faults *faults
	known  spellings
	where  setting // with the document or the variable, and nothing else
}

// spellings are the policies of all layers, by their names as variables spell them:
// two that a variable cannot tell apart would have it set one of them only.
type spellings map[string]string

func newLayer() *layer {
	return &layer{values: make(map[string]any), settings: make(map[string]setting)}
}

// checkDocument checks a whole file, and adds its policies to known.
func checkDocument(d *document.Document, root *document.Node, known spellings, f *faults) *layer {
	c := checker{layer: newLayer(), faults: f, known: known, where: setting{doc: d}}
	switch {
	case root.Kind == document.Tagged:
		c.tagged(root, root.Pos, "")
		return c.layer
	case root.Kind != document.Table:
		c.fault("", root.Pos, reasonType, root.Text, root.Kind.String()+" where the file's keys are meant",
			"begin the file with the key policies")
		return c.layer
	}
	if v, ok := c.table(&schema, root, ""); ok {
		c.layer.values = v
	}
	return c.layer
}

func (c *checker) fault(key string, at document.Pos, reason core.Reason, value, detail, suggestion string) {
	if c.faults.full() {
		c.faults.more++
		return
	}
	c.faults.add(&Error{
		Place: c.where.placeAt(key, at), Value: value, Reason: reason, Detail: detail, Suggestion: suggestion,
	})
}

// value returns the value of a node as the field has it, and whether it has it
// at all. at is where faults of the whole value are reported.
func (c *checker) value(f *Field, n *document.Node, at document.Pos, key string) (v any, ok bool) {
	if n.Pos.Line > 0 {
		at = n.Pos
	}
	switch {
	case n.Kind == document.Null:
		c.fault(key, at, reasonNull, "", "no value", withoutValue(f, key))
		return nil, false
	case n.Kind == document.Tagged:
		c.tagged(n, at, key)
		return nil, false
	}
	switch f.Type {
	case integerType:
		return c.version(n, at, key)
	case booleanType:
		// What is not true must not pass for false.
		if n.Kind == document.Bool && (n.Text == "true" || n.Text == "false") {
			return n.Text == "true", true
		}
		c.mismatch(n, at, key, "true or false", truth(n.Text))
	case durationType:
		return c.duration(n, at, key)
	case textType:
		return c.text(n, at, key)
	case listType:
		if n.Kind == document.List {
			return c.list(f, n, at, key)
		}
		fix := ""
		if n.Kind != document.Table {
			fix = "write [" + strconv.Quote(n.Text) + "]"
			if strings.Contains(n.Text, ",") || len(n.Text) > wording.MaxQuoted {
				fix = "write each value as an entry of a list, in brackets"
			}
		}
		c.mismatch(n, at, key, "a list", fix)
	case tableType:
		if n.Kind == document.Table {
			return c.table(f, n, key)
		}
		c.mismatch(n, at, key, "a table of keys and values", "")
	case mapType:
		if n.Kind == document.Table {
			return c.named(f, n, at, key)
		}
		c.mismatch(n, at, key, "a table of policies by name", "")
	case tablesType:
		if n.Kind == document.List {
			return c.tables(f, n, at, key)
		}
		c.mismatch(n, at, key, "a list of routes", "")
	}
	return nil, false
}

// mismatch reports a value of another type than the one that is meant.
func (c *checker) mismatch(n *document.Node, at document.Pos, key, meant, suggestion string) {
	c.fault(key, at, reasonType, n.Text, n.Kind.String()+" where "+meant+" is meant", suggestion)
}

func (c *checker) tagged(n *document.Node, at document.Pos, key string) {
	c.fault(key, at, reasonType, n.Text, "a value with a YAML tag", "remove the tag")
}

func withoutValue(f *Field, key string) string {
	switch {
	case f.Type == listType && strings.HasSuffix(key, "]") && f.Key != keyAllowOrigins:
		return "remove the entry"
	case f.Type == listType && strings.HasSuffix(key, "]"):
		return `remove the entry; the origin null is written "null", in quotes`
	case f.Type == tableType && key != "":
		return "write {} for a policy that refuses every origin"
	default:
		return "give it one, or remove the key"
	}
}

func truth(text string) string {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "y", "on", "1", "t", "enable", "enabled":
		return "write true"
	case "false", "no", "n", "off", "0", "f", "disable", "disabled":
		return "write false"
	}
	return ""
}

func (c *checker) version(n *document.Node, at document.Pos, key string) (any, bool) {
	switch {
	case n.Kind == document.Float:
		c.mismatch(n, at, key, "a whole number", "write "+strconv.Itoa(fileVersion))
		return nil, false
	case n.Kind != document.Int:
		c.mismatch(n, at, key, "a number", "write "+strconv.Itoa(fileVersion))
		return nil, false
	case n.Text != strconv.Itoa(fileVersion):
		c.fault(key, at, reasonValue, n.Text, "a version of the file format that this corskit does not read",
			"write "+strconv.Itoa(fileVersion)+", or use a later corskit")
		return nil, false
	}
	return fileVersion, true
}

var longUnit = regexp.MustCompile(`^([0-9]+) *(s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hour|hours|d|day|days)$`)

func (c *checker) duration(n *document.Node, at document.Pos, key string) (any, bool) {
	const spellings = `write it like "10m", "600s" or "1h30m", or "disabled"`
	switch {
	case n.Kind == document.Int || n.Kind == document.Float || n.Kind == document.Text && isNumber(n.Text):
		fix := ""
		if isDigits(n.Text) && strings.Trim(n.Text, "0") != "" {
			fix = "write " + strconv.Quote(n.Text+"s") + " if seconds are meant"
		} else {
			fix = spellings
		}
		c.fault(key, at, reasonUnit, n.Text, "a duration without a unit", fix)
		return nil, false
	case n.Kind != document.Text:
		c.mismatch(n, at, key, "a duration", spellings)
		return nil, false
	case n.Text == disabled:
		return core.NoPreflightCache, true
	}
	d, err := time.ParseDuration(n.Text)
	switch {
	case err != nil:
		fix := spellings
		if m := longUnit.FindStringSubmatch(strings.ToLower(strings.TrimSpace(n.Text))); m != nil {
			if days, err := strconv.Atoi(m[1]); err == nil && m[2][0] == 'd' && days < 1000 {
				m[1], m[2] = strconv.Itoa(days*24), "h"
			}
			if short := m[1] + m[2][:1]; short != n.Text {
				fix = "did you mean " + strconv.Quote(short) + "?"
			}
		}
		c.fault(key, at, reasonValue, n.Text, "not a duration", fix)
	case d == 0:
		c.fault(key, at, reasonValue, n.Text, "zero could mean two things",
			`write "disabled" to tell browsers not to remember preflights, or remove the key to tell them nothing`)
	case d < 0:
		c.fault(key, at, reasonValue, n.Text, "a negative duration",
			`write "disabled" to tell browsers not to remember preflights`)
	default:
		return d, true
	}
	return nil, false
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return err == nil
}

func (c *checker) text(n *document.Node, at document.Pos, key string) (any, bool) {
	switch {
	case n.Kind != document.Text:
		c.mismatch(n, at, key, "text", inQuotes(n))
	case strings.TrimSpace(n.Text) == "":
		c.fault(key, at, reasonEmpty, n.Text, "empty", "give it a value, or remove the key")
	default:
		return n.Text, true
	}
	return nil, false
}

// inQuotes is the fix for a scalar that the format takes for something else
// than text.
func inQuotes(n *document.Node) string {
	if n.Kind == document.List || n.Kind == document.Table {
		return ""
	}
	return "write " + wording.Quote(n.Text) + ", in quotes"
}

func (c *checker) list(f *Field, n *document.Node, at document.Pos, key string) (any, bool) {
	texts := make([]string, 0, len(n.Items))
	for i, item := range n.Items {
		entry, entryAt := key+"["+strconv.Itoa(i)+"]", at
		if item.Pos.Line > 0 {
			entryAt = item.Pos
		}
		switch {
		case item.Kind == document.Null || item.Kind == document.Tagged:
			c.value(f, item, entryAt, entry)
		case item.Kind != document.Text:
			c.mismatch(item, entryAt, entry, "text", inQuotes(item))
		case strings.TrimSpace(item.Text) == "":
			c.fault(entry, entryAt, reasonEmpty, item.Text, "an empty entry", "remove it")
		}
		// An entry that is at fault keeps its place: core is to find what is
		// wrong with the others, and to name them by their own index.
		texts = append(texts, item.Text)
	}
	return texts, true
}

// table checks the keys of a table of the schema.
func (c *checker) table(f *Field, n *document.Node, key string) (map[string]any, bool) {
	values := make(map[string]any, len(n.Pairs))
	c.pairs(n, key, func(p document.Pair, path string) {
		field := f.field(p.Key)
		if field == nil {
			c.unknown(f, p, path)
			return
		}
		v, ok := c.value(field, p.Value, p.Pos, path)
		s := c.where
		s.key, s.at, s.value = path, p.Pos, p.Value
		c.layer.settings[path] = s
		if ok {
			values[p.Key] = v
		}
	})
	return values, true
}

// pairs calls use for each key of a table, once for one that is there twice,
// which it reports.
func (c *checker) pairs(n *document.Node, key string, use func(p document.Pair, path string)) {
	seen := make(map[string]document.Pos, len(n.Pairs))
	for _, p := range n.Pairs {
		path := joinKey(key, p.Key)
		if first, again := seen[p.Key]; again {
			c.fault(path, p.Pos, reasonDuplicate, "", "set before"+onLine(first), "remove one of the two")
			continue
		}
		seen[p.Key] = p.Pos
		use(p, path)
	}
}

func onLine(p document.Pos) string {
	if p.Line == 0 {
		return ""
	}
	return ", on line " + strconv.Itoa(p.Line)
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// joinKey appends a key to a path of keys.
func joinKey(path, key string) string {
	if !bareKey.MatchString(key) {
		key = wording.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func (c *checker) unknown(f *Field, p document.Pair, path string) {
	near := ""
	if !c.faults.full() {
		near = wording.Nearest(p.Key, f.keys())
	}
	switch {
	case near != "" && strings.EqualFold(near, p.Key):
		c.fault(path, p.Pos, reasonKeyCase, "", "keys are in lower case", "did you mean "+strconv.Quote(near)+"?")
	case near != "":
		c.fault(path, p.Pos, reasonUnknownKey, "", "an unknown key", "did you mean "+strconv.Quote(near)+"?")
	case path == p.Key && len(f.keys()) > 0 && schemaHas(policyFields, p.Key):
		c.fault(path, p.Pos, reasonUnknownKey, "", "a key of a policy, outside of one", "put it below policies and the policy's name")
	default:
		c.fault(path, p.Pos, reasonUnknownKey, "", "an unknown key", "the keys here are "+strings.Join(f.keys(), ", "))
	}
}

func schemaHas(fields []Field, key string) bool {
	f := Field{Fields: fields}
	return f.field(key) != nil
}

// named checks the policies of a file.
func (c *checker) named(f *Field, n *document.Node, at document.Pos, key string) (any, bool) {
	values := make(map[string]any, len(n.Pairs))
	if len(n.Pairs) == 0 {
		c.fault(key, at, reasonEmpty, "", "no policy in it", "add one, or remove the key")
		return nil, false
	}
	policy := Field{Type: tableType, Fields: f.Fields}
	c.pairs(n, key, func(p document.Pair, path string) {
		if !isName(p.Key) {
			c.badName(p, path, f)
			return
		}
		variable := variableName(p.Key)
		if other, ok := c.known[variable]; ok && other != p.Key {
			c.fault(path, p.Pos, reasonName, "", "differs from the policy "+strconv.Quote(other)+" in - and _ only", "rename one of the two")
			return
		}
		c.known[variable] = p.Key
		c.layer.policies = append(c.layer.policies, p.Key)
		s := c.where
		s.key, s.at, s.value = path, p.Pos, p.Value
		c.layer.settings[path] = s
		if v, ok := c.value(&policy, p.Value, p.Pos, path); ok {
			values[p.Key] = v
		}
	})
	return values, true
}

func (c *checker) badName(p document.Pair, path string, f *Field) {
	lower := strings.ToLower(p.Key)
	switch {
	case p.Key == "":
		c.fault(path, p.Pos, reasonEmpty, "", "a policy without a name", `name it; a single policy is called "default"`)
	case len(p.Key) > maxName:
		c.fault(path, p.Pos, reasonName, "", "a name of more than "+strconv.Itoa(maxName)+" bytes", "shorten it")
	case isName(lower):
		c.fault(path, p.Pos, reasonKeyCase, "", "names are in lower case", "did you mean "+strconv.Quote(lower)+"?")
	default:
		c.fault(path, p.Pos, reasonName, "", "not a name", "use a-z and 0-9, with a single - or _ between them")
	}
}

// tables checks the routes of a file.
func (c *checker) tables(f *Field, n *document.Node, at document.Pos, key string) (any, bool) {
	if len(n.Items) == 0 {
		c.fault(key, at, reasonEmpty, "", "no route in it", "add one; without the key every policy applies everywhere")
		return nil, false
	}
	values := make([]any, 0, len(n.Items))
	for i, item := range n.Items {
		path, itemAt := key+"["+strconv.Itoa(i)+"]", at
		if item.Pos.Line > 0 {
			itemAt = item.Pos
		}
		s := c.where
		s.key, s.at, s.value = path, itemAt, item
		c.layer.settings[path] = s
		switch {
		case item.Kind == document.Null:
			c.fault(path, itemAt, reasonNull, "", "no value", "remove the entry")
			continue
		case item.Kind == document.Tagged:
			c.tagged(item, itemAt, path)
			continue
		case item.Kind != document.Table:
			c.mismatch(item, itemAt, path, "a route, a table of keys and values,", "")
			continue
		}
		table, _ := c.table(f, item, path)
		if _, ok := c.layer.settings[joinKey(path, keyPolicies)]; !ok {
			c.fault(path, itemAt, reasonMissing, "", "a route without policies", "add the key policies")
		}
		values = append(values, table)
	}
	return values, true
}
