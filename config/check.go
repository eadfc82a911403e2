package config

import (
	"regexp"
	"strconv"
	"strings"
	"time"

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
	doc      *document // nil for a variable
	variable string
	key      string
	at       pos   // of the key
	value    *node // nil for a variable that is not written as JSON
}

// place returns the place of entry index of the setting. If index is negative
// it is that of the value, if that is a single one, or of the key.
func (s setting) place(index int) Place {
	key, at := s.key, s.at
	if v := s.value; index < 0 && v != nil && v.kind != listNode && v.kind != tableNode && v.pos.line > 0 {
		at = v.pos
	}
	if index >= 0 {
		key += "[" + strconv.Itoa(index) + "]"
		if s.value != nil && index < len(s.value.items) && s.value.items[index].pos.line > 0 {
			at = s.value.items[index].pos
		}
	}
	return s.placeAt(key, at)
}

func (s setting) placeAt(key string, at pos) Place {
	if s.doc == nil || s.variable != "" {
		return Place{Variable: s.variable, Key: key}
	}
	return s.doc.place(at, key)
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
func checkDocument(d *document, root *node, known spellings, f *faults) *layer {
	c := checker{layer: newLayer(), faults: f, known: known, where: setting{doc: d}}
	switch {
	case root.kind == oddNode:
		c.tagged(root, root.pos, "")
		return c.layer
	case root.kind != tableNode:
		c.fault("", root.pos, ReasonType, root.text, root.kind.String()+" where the file's keys are meant",
			"begin the file with the key policies")
		return c.layer
	}
	if v, ok := c.table(&schema, root, ""); ok {
		c.layer.values = v
	}
	return c.layer
}

func (c *checker) fault(key string, at pos, reason Reason, value, detail, suggestion string) {
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
func (c *checker) value(f *Field, n *node, at pos, key string) (v any, ok bool) {
	if n.pos.line > 0 {
		at = n.pos
	}
	switch {
	case n.kind == nullNode:
		c.fault(key, at, ReasonNull, "", "no value", withoutValue(f, key))
		return nil, false
	case n.kind == oddNode:
		c.tagged(n, at, key)
		return nil, false
	}
	switch f.Type {
	case Integer:
		return c.version(n, at, key)
	case Boolean:
		// What is not true must not pass for false.
		if n.kind == boolNode && (n.text == "true" || n.text == "false") {
			return n.text == "true", true
		}
		c.mismatch(n, at, key, "true or false", truth(n.text))
	case Duration:
		return c.duration(n, at, key)
	case Text:
		return c.text(n, at, key)
	case List:
		if n.kind == listNode {
			return c.list(f, n, at, key)
		}
		fix := ""
		if n.kind != tableNode {
			fix = "write [" + strconv.Quote(n.text) + "]"
			if strings.Contains(n.text, ",") || len(n.text) > maxQuoted {
				fix = "write each value as an entry of a list, in brackets"
			}
		}
		c.mismatch(n, at, key, "a list", fix)
	case Table:
		if n.kind == tableNode {
			return c.table(f, n, key)
		}
		c.mismatch(n, at, key, "a table of keys and values", "")
	case Map:
		if n.kind == tableNode {
			return c.named(f, n, at, key)
		}
		c.mismatch(n, at, key, "a table of policies by name", "")
	case Tables:
		if n.kind == listNode {
			return c.tables(f, n, at, key)
		}
		c.mismatch(n, at, key, "a list of routes", "")
	}
	return nil, false
}

// mismatch reports a value of another type than the one that is meant.
func (c *checker) mismatch(n *node, at pos, key, meant, suggestion string) {
	c.fault(key, at, ReasonType, n.text, n.kind.String()+" where "+meant+" is meant", suggestion)
}

func (c *checker) tagged(n *node, at pos, key string) {
	c.fault(key, at, ReasonType, n.text, "a value with a YAML tag", "remove the tag")
}

func withoutValue(f *Field, key string) string {
	switch {
	case f.Type == List && strings.HasSuffix(key, "]") && f.Key != keyAllowOrigins:
		return "remove the entry"
	case f.Type == List && strings.HasSuffix(key, "]"):
		return `remove the entry; the origin null is written "null", in quotes`
	case f.Type == Table && key != "":
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

func (c *checker) version(n *node, at pos, key string) (any, bool) {
	switch {
	case n.kind == floatNode:
		c.mismatch(n, at, key, "a whole number", "write "+strconv.Itoa(fileVersion))
		return nil, false
	case n.kind != intNode:
		c.mismatch(n, at, key, "a number", "write "+strconv.Itoa(fileVersion))
		return nil, false
	case n.text != strconv.Itoa(fileVersion):
		c.fault(key, at, ReasonValue, n.text, "a version of the file format that this corskit does not read",
			"write "+strconv.Itoa(fileVersion)+", or use a later corskit")
		return nil, false
	}
	return fileVersion, true
}

var longUnit = regexp.MustCompile(`^([0-9]+) *(s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hour|hours|d|day|days)$`)

func (c *checker) duration(n *node, at pos, key string) (any, bool) {
	const spellings = `write it like "10m", "600s" or "1h30m", or "disabled"`
	switch {
	case n.kind == intNode || n.kind == floatNode || n.kind == textNode && isNumber(n.text):
		fix := ""
		if isDigits(n.text) && strings.Trim(n.text, "0") != "" {
			fix = "write " + strconv.Quote(n.text+"s") + " if seconds are meant"
		} else {
			fix = spellings
		}
		c.fault(key, at, ReasonUnit, n.text, "a duration without a unit", fix)
		return nil, false
	case n.kind != textNode:
		c.mismatch(n, at, key, "a duration", spellings)
		return nil, false
	case n.text == disabled:
		return core.NoPreflightCache, true
	}
	d, err := time.ParseDuration(n.text)
	switch {
	case err != nil:
		fix := spellings
		if m := longUnit.FindStringSubmatch(strings.ToLower(strings.TrimSpace(n.text))); m != nil {
			if days, err := strconv.Atoi(m[1]); err == nil && m[2][0] == 'd' && days < 1000 {
				m[1], m[2] = strconv.Itoa(days*24), "h"
			}
			if short := m[1] + m[2][:1]; short != n.text {
				fix = "did you mean " + strconv.Quote(short) + "?"
			}
		}
		c.fault(key, at, ReasonValue, n.text, "not a duration", fix)
	case d == 0:
		c.fault(key, at, ReasonValue, n.text, "zero could mean two things",
			`write "disabled" to tell browsers not to remember preflights, or remove the key to tell them nothing`)
	case d < 0:
		c.fault(key, at, ReasonValue, n.text, "a negative duration",
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

func (c *checker) text(n *node, at pos, key string) (any, bool) {
	switch {
	case n.kind != textNode:
		c.mismatch(n, at, key, "text", inQuotes(n))
	case strings.TrimSpace(n.text) == "":
		c.fault(key, at, ReasonEmpty, n.text, "empty", "give it a value, or remove the key")
	default:
		return n.text, true
	}
	return nil, false
}

// inQuotes is the fix for a scalar that the format takes for something else
// than text.
func inQuotes(n *node) string {
	if n.kind == listNode || n.kind == tableNode {
		return ""
	}
	return "write " + quoted(n.text) + ", in quotes"
}

func (c *checker) list(f *Field, n *node, at pos, key string) (any, bool) {
	texts := make([]string, 0, len(n.items))
	for i, item := range n.items {
		entry, entryAt := key+"["+strconv.Itoa(i)+"]", at
		if item.pos.line > 0 {
			entryAt = item.pos
		}
		switch {
		case item.kind == nullNode || item.kind == oddNode:
			c.value(f, item, entryAt, entry)
		case item.kind != textNode:
			c.mismatch(item, entryAt, entry, "text", inQuotes(item))
		case strings.TrimSpace(item.text) == "":
			c.fault(entry, entryAt, ReasonEmpty, item.text, "an empty entry", "remove it")
		}
		// An entry that is at fault keeps its place: core is to find what is
		// wrong with the others, and to name them by their own index.
		texts = append(texts, item.text)
	}
	return texts, true
}

// table checks the keys of a table of the schema.
func (c *checker) table(f *Field, n *node, key string) (map[string]any, bool) {
	values := make(map[string]any, len(n.pairs))
	c.pairs(n, key, func(p pair, path string) {
		field := f.field(p.key)
		if field == nil {
			c.unknown(f, p, path)
			return
		}
		v, ok := c.value(field, p.value, p.pos, path)
		s := c.where
		s.key, s.at, s.value = path, p.pos, p.value
		c.layer.settings[path] = s
		if ok {
			values[p.key] = v
		}
	})
	return values, true
}

// pairs calls use for each key of a table, once for one that is there twice,
// which it reports.
func (c *checker) pairs(n *node, key string, use func(p pair, path string)) {
	seen := make(map[string]pos, len(n.pairs))
	for _, p := range n.pairs {
		path := joinKey(key, p.key)
		if first, again := seen[p.key]; again {
			c.fault(path, p.pos, ReasonDuplicate, "", "set before"+onLine(first), "remove one of the two")
			continue
		}
		seen[p.key] = p.pos
		use(p, path)
	}
}

func onLine(p pos) string {
	if p.line == 0 {
		return ""
	}
	return ", on line " + strconv.Itoa(p.line)
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// joinKey appends a key to a path of keys.
func joinKey(path, key string) string {
	if !bareKey.MatchString(key) {
		key = quoted(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func (c *checker) unknown(f *Field, p pair, path string) {
	near := ""
	if !c.faults.full() {
		near = nearest(p.key, f.keys())
	}
	switch {
	case near != "" && strings.EqualFold(near, p.key):
		c.fault(path, p.pos, ReasonKeyCase, "", "keys are in lower case", "did you mean "+strconv.Quote(near)+"?")
	case near != "":
		c.fault(path, p.pos, ReasonUnknownKey, "", "an unknown key", "did you mean "+strconv.Quote(near)+"?")
	case path == p.key && len(f.keys()) > 0 && schemaHas(policyFields, p.key):
		c.fault(path, p.pos, ReasonUnknownKey, "", "a key of a policy, outside of one", "put it below policies and the policy's name")
	default:
		c.fault(path, p.pos, ReasonUnknownKey, "", "an unknown key", "the keys here are "+strings.Join(f.keys(), ", "))
	}
}

func schemaHas(fields []Field, key string) bool {
	f := Field{Fields: fields}
	return f.field(key) != nil
}

// named checks the policies of a file.
func (c *checker) named(f *Field, n *node, at pos, key string) (any, bool) {
	values := make(map[string]any, len(n.pairs))
	if len(n.pairs) == 0 {
		c.fault(key, at, ReasonEmpty, "", "no policy in it", "add one, or remove the key")
		return nil, false
	}
	policy := Field{Type: Table, Fields: f.Fields}
	c.pairs(n, key, func(p pair, path string) {
		if !isName(p.key) {
			c.badName(p, path, f)
			return
		}
		variable := variableName(p.key)
		if other, ok := c.known[variable]; ok && other != p.key {
			c.fault(path, p.pos, ReasonName, "", "differs from the policy "+strconv.Quote(other)+" in - and _ only", "rename one of the two")
			return
		}
		c.known[variable] = p.key
		c.layer.policies = append(c.layer.policies, p.key)
		s := c.where
		s.key, s.at, s.value = path, p.pos, p.value
		c.layer.settings[path] = s
		if v, ok := c.value(&policy, p.value, p.pos, path); ok {
			values[p.key] = v
		}
	})
	return values, true
}

func (c *checker) badName(p pair, path string, f *Field) {
	lower := strings.ToLower(p.key)
	switch {
	case p.key == "":
		c.fault(path, p.pos, ReasonEmpty, "", "a policy without a name", `name it; a single policy is called "default"`)
	case len(p.key) > maxName:
		c.fault(path, p.pos, ReasonName, "", "a name of more than "+strconv.Itoa(maxName)+" bytes", "shorten it")
	case isName(lower):
		c.fault(path, p.pos, ReasonKeyCase, "", "names are in lower case", "did you mean "+strconv.Quote(lower)+"?")
	default:
		c.fault(path, p.pos, ReasonName, "", "not a name", "use a-z and 0-9, with a single - or _ between them")
	}
}

// tables checks the routes of a file.
func (c *checker) tables(f *Field, n *node, at pos, key string) (any, bool) {
	if len(n.items) == 0 {
		c.fault(key, at, ReasonEmpty, "", "no route in it", "add one; without the key every policy applies everywhere")
		return nil, false
	}
	values := make([]any, 0, len(n.items))
	for i, item := range n.items {
		path, itemAt := key+"["+strconv.Itoa(i)+"]", at
		if item.pos.line > 0 {
			itemAt = item.pos
		}
		s := c.where
		s.key, s.at, s.value = path, itemAt, item
		c.layer.settings[path] = s
		switch {
		case item.kind == nullNode:
			c.fault(path, itemAt, ReasonNull, "", "no value", "remove the entry")
			continue
		case item.kind == oddNode:
			c.tagged(item, itemAt, path)
			continue
		case item.kind != tableNode:
			c.mismatch(item, itemAt, path, "a route, a table of keys and values,", "")
			continue
		}
		table, _ := c.table(f, item, path)
		if _, ok := c.layer.settings[joinKey(path, keyPolicies)]; !ok {
			c.fault(path, itemAt, ReasonMissing, "", "a route without policies", "add the key policies")
		}
		values = append(values, table)
	}
	return values, true
}
