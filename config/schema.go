package config

import (
	"slices"
	"strings"
)

// Field describes one key of a configuration file. The decoder, the JSON Schema
// and the file that "corskit init" writes are derived from it.
//
// Its Type is "integer", "boolean", "duration" (text such as "10m"), "text",
// "list" (of text), "table" (with the keys in Fields), "map" (from names to such
// tables) or "tables" (a list of such tables).
type Field struct {
	Key     string  // as in a file: "allow_origins"; empty for the whole file
	Type    string  // of the value
	Doc     string  // one or more sentences
	Example string  // a value that is valid YAML and JSON
	Goname  string  // the field of core.Policy or core.Route; may be empty
	Fields  []Field // of a table, a map or tables
}

// Types of a [Field].
const (
	integerType  = "integer"
	booleanType  = "boolean"
	durationType = "duration"
	textType     = "text"
	listType     = "list"
	tableType    = "table"
	mapType      = "map"
	tablesType   = "tables"
)

// Schema returns the description of a configuration file: a table whose keys are
// the Fields. The caller may change it.
func Schema() Field { return clone(schema) }

func clone(f Field) Field {
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		f.Fields[i] = clone(f.Fields[i])
	}
	return f
}

// Keys that the code below has to know by name.
const (
	keyVersion      = "version"
	keyPolicies     = "policies"
	keyRoutes       = "routes"
	keyHost         = "host"
	keyPath         = "path"
	keyAllowOrigins = "allow_origins"
	keyOriginsFile  = "origins_file"
	keyMaxAge       = "max_age"
)

// fileVersion is the version of the file format that this package reads.
const fileVersion = 1

// disabled is the max_age that stands for core.NoPreflightCache.
const disabled = "disabled"

var schema = Field{
	Type: tableType,
	Doc:  "Which origins may read which responses of a web server (CORS), for corskit.",
	Fields: []Field{
		{
			Key: keyVersion, Type: integerType, Example: `1`,
			Doc: "The version of this file format. 1 if it is left out.",
		},
		{
			Key: keyPolicies, Type: mapType, Fields: policyFields,
			Doc: "Policies by name. Names are of a-z, 0-9 and single - or _ between them. " +
				"Without routes every policy applies, in the order of the file: the first whose origins match governs.",
		},
		{
			Key: keyRoutes, Type: tablesType, Fields: routeFields,
			Doc: "Which policies apply to which requests: the first route that covers a request governs it. " +
				"A request that no route covers gets no CORS headers.",
		},
	},
}

var policyFields = []Field{
	{
		Key: keyAllowOrigins, Type: listType, Goname: "AllowOrigins",
		Example: `["https://app.example.com", "https://*.pr.example.com"]`,
		Doc: "The origins that may read responses: origins as browsers send them, or patterns such as " +
			"https://*.example.com, http://localhost:*, regexp:https://[a-z]+\\.example\\.com, @loopback or *. None: all are refused.",
	},
	{
		Key: keyOriginsFile, Type: textType, Example: `"partners.txt"`,
		Doc: "A file with more origins, one a line, relative to this file. Lines that begin with # are comments.",
	},
	{
		Key: "allow_methods", Type: listType, Goname: "AllowMethods", Example: `["PUT", "DELETE"]`,
		Doc: "The methods that scripts may use beyond GET, HEAD and POST, which CORS always allows. * stands for all.",
	},
	{
		Key: "allow_headers", Type: listType, Goname: "AllowHeaders", Example: `["authorization", "content-type"]`,
		Doc: "The request headers that scripts may set. * stands for all, though, without credentials, not for authorization.",
	},
	{
		Key: "expose_headers", Type: listType, Goname: "ExposeHeaders", Example: `["etag"]`,
		Doc: "The response headers that scripts may read beyond the few they always may. * stands for all, without credentials.",
	},
	{
		Key: "allow_credentials", Type: booleanType, Goname: "AllowCredentials", Example: `true`,
		Doc: "Whether browsers send cookies and the like. Never together with the origin *.",
	},
	{
		Key: keyMaxAge, Type: durationType, Goname: "MaxAge", Example: `"10m"`,
		Doc: "How long browsers may remember the answer to a preflight: whole seconds, with a unit, at most 24h. " +
			"Left out, browsers take five seconds; \"disabled\" tells them to ask each time.",
	},
	{
		Key: "allow_private_network", Type: booleanType, Goname: "AllowPrivateNetwork", Example: `true`,
		Doc: "Whether pages from the public network may reach this server in a private one (legacy Private Network Access).",
	},
	{
		Key: "reject_disallowed", Type: booleanType, Goname: "RejectDisallowed", Example: `true`,
		Doc: "Whether requests of other origins are answered 403 instead of being handled without CORS headers.",
	},
	{
		Key: "dangerously_allow_null_origin", Type: booleanType, Goname: "DangerouslyAllowNullOrigin", Example: `true`,
		Doc: "Permits the origin \"null\", which any site can take on. Never with credentials.",
	},
	{
		Key: "dangerously_allow_insecure_origins", Type: booleanType, Goname: "DangerouslyAllowInsecureOrigins", Example: `true`,
		Doc: "Permits http:// origins together with credentials, which anybody on the network can then use.",
	},
	{
		Key: "dangerously_allow_public_suffixes", Type: booleanType, Goname: "DangerouslyAllowPublicSuffixes", Example: `true`,
		Doc: "Permits wildcards such as https://*.github.io together with credentials, although anybody can register such an origin.",
	},
}

var routeFields = []Field{
	{
		Key: keyHost, Type: textType, Goname: "Host", Example: `"api.example.com"`,
		Doc: "The host that requests are sent to, in lower case, without a port. Left out: any host.",
	},
	{
		Key: keyPath, Type: textType, Goname: "Path", Example: `"/public/"`,
		Doc: "A path, or with a trailing slash everything below it. Left out: every path.",
	},
	{
		Key: keyPolicies, Type: listType, Goname: "Policies", Example: `["public"]`,
		Doc: "The names of the policies that apply, in order: the first whose origins match governs.",
	},
}

// field returns the field of a key, or nil.
func (f *Field) field(key string) *Field {
	for i := range f.Fields {
		if f.Fields[i].Key == key {
			return &f.Fields[i]
		}
	}
	return nil
}

// keys returns the keys of f's fields.
func (f *Field) keys() []string {
	keys := make([]string, len(f.Fields))
	for i := range f.Fields {
		keys[i] = f.Fields[i].Key
	}
	return keys
}

// policyField returns the field of a policy's key, or nil.
func policyField(key string) *Field {
	policy := Field{Fields: policyFields}
	return policy.field(key)
}

// keyOf returns the key that sets a field of core.Policy.
func keyOf(goname string) string {
	for i := range policyFields {
		if policyFields[i].Goname == goname {
			return policyFields[i].Key
		}
	}
	return ""
}

// keyNames rewrites what core says of its fields into what a file says.
var keyNames = func() *strings.Replacer {
	var pairs []string
	for _, f := range policyFields {
		if f.Goname != "" {
			pairs = append(pairs, f.Goname, f.Key)
		}
	}
	return strings.NewReplacer(pairs...)
}()

// maxName bounds the names of policies and profiles, in bytes.
const maxName = 64

// nameRule is the suggestion for a name of a policy or profile.
const nameRule = "use a-z and 0-9, separated by single - or _"

// isName reports whether s names a policy: runs of a-z and 0-9 with a single
// - or _ between them, so that a variable can name it, in upper case and with
// "__" around it.
func isName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case (c == '-' || c == '_') && i > 0 && i < len(s)-1 && s[i-1] != '-' && s[i-1] != '_':
		default:
			return false
		}
	}
	return true
}
