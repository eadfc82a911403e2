package config

import (
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// checker checks the values of a document or of variables against the schema.
type checker struct {
	layer  *layer
	faults *faults
	known  spellings
	where  setting     // only the document or the variable
	flags  core.Policy // of the table that is being checked; nothing else is set
	below  string      // the key that contains everything that is checked, such as shadow; may be empty

	shadowKnown spellings // known, for the policies of the shadow
}

// checkDocument checks a whole file, and adds its policies to known and those of its
// shadow to shadow.
func checkDocument(d *document.Document, root *document.Node, known, shadow spellings, f *faults) *layer {
	c := checker{layer: newLayer(), faults: f, known: known, where: setting{doc: d}, shadowKnown: shadow}
	switch root.Kind {
	case document.Tagged:
		c.tagged(root, root.Pos, "")
	case document.Table:
		if f := manifestFault(root); f != "" {
			c.fault("", root.Pos, reason.Format, "", "a Kubernetes manifest, not a configuration file", f)
			return c.layer
		}
		c.layer.values = c.table(&schema, root, "")
		c.layer.takeNames()
	default:
		c.fault("", root.Pos, reason.Type, root.Text, "expected a table of keys and values, got "+root.Kind.String(),
			"begin the file with the key policies")
	}
	return c.layer
}

// manifestFault returns the suggestion for a Kubernetes manifest, or the empty string.
func manifestFault(root *document.Node) string {
	version, kind := root.Get("apiVersion"), root.Get("kind")
	switch {
	case version == nil || kind == nil:
		return ""
	case kind.Text == "ConfigMap" || kind.Text == "Secret":
		return "load the file that the cluster mounts from it, or put the text below its key data into a file"
	}
	return "load the file that it mounts into the container"
}

func (c *checker) fault(key string, at document.Pos, reason reason.Reason, value, detail, suggestion string) {
	if c.faults.full() {
		c.faults.more++
		return
	}
	c.faults.add(&Error{
		Place: c.where.placeAt(key, at), Value: value, Reason: reason, Detail: detail, Suggestion: suggestion,
	})
}

// mismatch reports a value of the wrong type.
func (c *checker) mismatch(n *document.Node, at document.Pos, key, expected, suggestion string) {
	c.fault(key, at, reason.Type, n.Text, "expected "+expected+", got "+n.Kind.String(), suggestion)
}

func (c *checker) tagged(n *document.Node, at document.Pos, key string) {
	c.fault(key, at, reason.Type, n.Text, "a value with a YAML tag", "remove the tag")
}

// value returns the value of a node, converted to the type of the field, and
// whether it has that type. Faults are reported at the position of the
// node or, if that is unknown, at the given one.
func (c *checker) value(f *Field, n *document.Node, at document.Pos, key string) (v any, ok bool) {
	at = n.PosOr(at)
	if c.where.doc != nil && c.where.doc.Loose && n.Kind == document.Text {
		if f.Type == listType {
			return c.loose(f, n.Text, key)
		}
		n = scalar(f, n.Text)
	}
	switch n.Kind {
	case document.Null:
		c.fault(key, at, reason.Null, "", "no value", withoutValue(f, key))
		return nil, false
	case document.Tagged:
		c.tagged(n, at, key)
		return nil, false
	}
	switch f.Type {
	case integerType:
		return c.version(n, at, key)
	case booleanType:
		return c.boolean(n, at, key)
	case durationType:
		return c.duration(n, at, key)
	case textType:
		return c.text(n, at, key)
	case listType:
		if n.Kind == document.List {
			return c.list(f, n, at, key), true
		}
		c.mismatch(n, at, key, "a list", asList(f, n, c.flags))
	case textsType:
		if n.Kind == document.Table {
			return c.texts(n, key), true
		}
		c.mismatch(n, at, key, "a table from names to keys", "write it as in "+keyVariables+": "+f.Example)
	case tableType:
		switch {
		case n.Kind == document.Table && f.Key == keyShadow:
			c.shadow(f, n, key)
			return nil, false // shadow has stored it in the layer
		case n.Kind == document.Table:
			return c.table(f, n, key), true
		}
		c.mismatch(n, at, key, "a table of keys and values", tableMeant(f))
	case mapType:
		if n.Kind == document.Table {
			return c.policies(f, n, at, key)
		}
		c.mismatch(n, at, key, "a table of policies by name", "")
	case tablesType:
		if n.Kind == document.List {
			return c.routes(f, n, at, key)
		}
		c.mismatch(n, at, key, "a list of routes", "")
	}
	return nil, false
}

// loose returns a list that is written as text, as in a variable.
func (c *checker) loose(f *Field, text, key string) (list any, ok bool) {
	list, _, ok = c.parse(f, variable{value: text}, key)
	return list, ok
}

// tableMeant returns the suggestion for a value that is not a table.
func tableMeant(f *Field) string {
	if f.Key == keyShadow {
		return "add the key policies below it"
	}
	return ""
}

// withoutValue returns the suggestion for a key or an entry without a value.
func withoutValue(f *Field, key string) string {
	switch {
	case f.Type == listType && strings.HasSuffix(key, "]") && f.Key != keyAllowOrigins:
		return "remove the entry"
	case f.Type == listType && strings.HasSuffix(key, "]"):
		return `remove the entry, or write "null" in quotes for the null origin`
	case f.Type == tableType && f.Key == "" && key != "":
		return "write {} for a policy that refuses every origin"
	default:
		return "set one, or remove the key"
	}
}

// list checks the entries of a list. An entry with a fault keeps its place, so that
// core reports the faults of the other entries under their own index.
func (c *checker) list(f *Field, n *document.Node, at document.Pos, key string) []string {
	texts := make([]string, len(n.Items))
	for i, item := range n.Items {
		texts[i] = item.Text
		switch {
		case item.Kind == document.Text && strings.TrimSpace(item.Text) != "":
		case c.faults.full():
			c.faults.more++
		default:
			c.badEntry(f, item, item.PosOr(at), indexed(key, i))
		}
	}
	return texts
}

// badEntry reports an entry of a list that is blank or not text.
func (c *checker) badEntry(f *Field, item *document.Node, at document.Pos, key string) {
	switch item.Kind {
	case document.Null, document.Tagged:
		c.value(f, item, at, key)
	case document.Text:
		c.fault(key, at, reason.Empty, item.Text, "an empty entry", "remove it")
	case document.List:
		c.mismatch(item, at, key, "text", "remove the inner brackets")
	default:
		suggestion := inQuotes(item)
		if f.Key == keyIgnoreVariables && suggestion != "" {
			suggestion = "write the name of a variable, in quotes"
		}
		if f.Key == keyAllowOrigins && suggestion != "" {
			suggestion = `write an origin, as in "https://app.example.com"`
		}
		c.mismatch(item, at, key, "text", suggestion)
	}
}

// table checks the keys of a table.
func (c *checker) table(f *Field, n *document.Node, key string) map[string]any {
	values := make(map[string]any, len(n.Pairs))
	c.flags = flagsOf(f, n)
	c.pairs(n, key, func(p document.Pair, path string) {
		field := f.field(p.Key)
		if field == nil {
			field = c.unknown(f, p, path)
			if field == nil || n.Get(field.Key) != nil || values[field.Key] != nil {
				return
			}
			p.Key, path = field.Key, joinKey(key, field.Key) // so that its value is checked too
		}
		if p.Unset {
			return
		}
		v, ok := c.value(field, p.Value, p.Pos, path)
		c.record(path, p.Pos, p.Value)
		if ok {
			values[p.Key] = v
		}
	})
	return values
}

// texts checks a table from names to text.
func (c *checker) texts(n *document.Node, key string) map[string]string {
	values := make(map[string]string, len(n.Pairs))
	text := Field{Type: textType}
	c.pairs(n, key, func(p document.Pair, path string) {
		if p.Unset {
			return
		}
		if c.where.doc.Loose && p.Key == strings.ToLower(p.Key) { // viper does not keep the case of keys
			p.Key = strings.ToUpper(p.Key)
			path = joinKey(key, p.Key)
		}
		c.record(path, p.Pos, p.Value)
		switch p.Value.Kind {
		case document.Null, document.Tagged, document.Text:
			if v, ok := c.value(&text, p.Value, p.Pos, path); ok {
				values[p.Key] = v.(string)
			}
		default: // a number in quotes would be refused next
			c.mismatch(p.Value, p.Value.PosOr(p.Pos), path, "text", "write the path of a key, in quotes")
		}
	})
	return values
}

// record stores the place of a setting.
func (c *checker) record(path string, at document.Pos, value *document.Node) {
	s := c.where
	s.key, s.at, s.value = path, at, value
	c.layer.settings[c.inner(path)] = s
}

// inner returns the path that the layer uses: relative to c.below.
func (c *checker) inner(path string) string { return strings.TrimPrefix(path, c.below+".") }

// shadow checks the policies and routes below the key shadow.
func (c *checker) shadow(f *Field, n *document.Node, key string) {
	below := checker{layer: newLayer(), faults: c.faults, known: c.shadowKnown, where: c.where, below: key}
	below.layer.values = below.table(f, n, key)
	c.layer.shadow = below.layer
}

// pairs calls use for each key of a table. It reports a key that is set twice, and
// uses the first.
func (c *checker) pairs(n *document.Node, key string, use func(p document.Pair, path string)) {
	seen := make(map[string]document.Pos, len(n.Pairs))
	for _, p := range n.Pairs {
		path := joinKey(key, p.Key)
		if first, again := seen[p.Key]; again {
			c.fault(path, p.Pos, reason.Duplicate, "", "already set"+onLine(first), "remove one of the two")
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
	return " on line " + strconv.Itoa(p.Line)
}

// unknown reports a key that the table does not have. It returns the field that is probably
// meant, or nil.
func (c *checker) unknown(f *Field, p document.Pair, path string) *Field {
	near := ""
	if !c.faults.full() {
		near = wording.Nearest(p.Key, f.keys())
	}
	switch {
	case near != "" && strings.EqualFold(near, p.Key):
		c.fault(path, p.Pos, reason.KeyCase, "", "keys must be in lower case", wording.DidYouMean(near))
	case near != "":
		c.fault(path, p.Pos, reason.UnknownKey, "", unknownKey, wording.DidYouMean(near))
	case f == &schema && policyField(p.Key) != nil:
		c.fault(path, p.Pos, reason.UnknownKey, "", "a policy key at the top level of the file", "move it into a policy, under policies")
	case f.Key == keyShadow && policyField(p.Key) != nil:
		c.fault(path, p.Pos, reason.UnknownKey, "", "a policy key directly below shadow", "move it into a policy, under shadow.policies")
	default:
		c.fault(path, p.Pos, reason.UnknownKey, "", unknownKey, "valid keys are "+strings.Join(f.keys(), ", "))
	}
	return f.field(near)
}

// policies checks the policies of a file.
func (c *checker) policies(f *Field, n *document.Node, at document.Pos, key string) (any, bool) {
	if len(n.Pairs) == 0 {
		c.fault(key, at, reason.Empty, "", "no policies", "add one, or remove the key")
		return nil, false
	}
	values := make(map[string]any, len(n.Pairs))
	policy := Field{Type: tableType, Fields: f.Fields}
	c.pairs(n, key, func(p document.Pair, path string) {
		switch {
		case p.Unset:
			return
		case !isName(p.Key):
			c.badName(p, path)
			return
		}
		variable := variableName(p.Key)
		if other, ok := c.known[variable]; ok && other != p.Key {
			c.fault(path, p.Pos, reason.Name, "", "differs from policy "+strconv.Quote(other)+" only in - and _", "rename one of the two")
			return
		}
		c.known[variable] = p.Key
		c.layer.policies = append(c.layer.policies, p.Key)
		c.record(path, p.Pos, p.Value)
		if v, ok := c.value(&policy, p.Value, p.Pos, path); ok {
			values[p.Key] = v
		}
	})
	return values, true
}

// badName reports a name that no policy can have.
func (c *checker) badName(p document.Pair, path string) {
	lower := strings.ToLower(p.Key)
	switch {
	case p.Key == "":
		c.fault(path, p.Pos, reason.Empty, "", "a policy without a name", `name it, for example "default"`)
	case len(p.Key) > maxName:
		c.fault(path, p.Pos, reason.Name, "", "a name longer than "+strconv.Itoa(maxName)+" bytes", "shorten it")
	case isName(lower):
		c.fault(path, p.Pos, reason.KeyCase, "", "names must be in lower case", wording.DidYouMean(lower))
	default:
		c.fault(path, p.Pos, reason.Name, "", "not a valid name", nameRule)
	}
}

// routes checks the routes of a file.
func (c *checker) routes(f *Field, n *document.Node, at document.Pos, key string) (any, bool) {
	if len(n.Items) == 0 {
		c.fault(key, at, reason.Empty, "", "no routes", "add one, or remove the key so that every policy applies everywhere")
		return nil, false
	}
	values := make([]any, 0, len(n.Items))
	for i, item := range n.Items {
		path, itemAt := indexed(key, i), item.PosOr(at)
		c.record(path, itemAt, item)
		switch item.Kind {
		case document.Null:
			c.fault(path, itemAt, reason.Null, "", "no value", "remove the entry")
		case document.Tagged:
			c.tagged(item, itemAt, path)
		case document.Table:
			values = append(values, c.table(f, item, path))
			if _, ok := c.layer.settings[c.inner(joinKey(path, keyPolicies))]; !ok {
				c.fault(path, itemAt, reason.Missing, "", "a route without policies", "add the key policies")
			}
		default:
			c.mismatch(item, itemAt, path, "a route (a table of keys and values)", "")
		}
	}
	return values, true
}
