package config

import (
	"slices"
	"strconv"
)

// Field describes one key of a configuration file. The decoder, the JSON Schema
// and the starter file of "corskit init" use it.
//
// Its Type is "integer", "boolean", "duration" (text such as "10m"), "text",
// "list" (of text), "texts" (from names to text), "table" (with the keys in Fields), "map"
// (from names to such tables) or "tables" (a list of such tables).
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
	textsType    = "texts"
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

// Keys that the code refers to.
const (
	keyVersion         = "version"
	keyVariables       = "variables"
	keyIgnoreVariables = "ignore_variables"
	keyPolicies        = "policies"
	keyRoutes          = "routes"
	keyShadow          = "shadow"
	keyHost            = "host"
	keyPath            = "path"
	keyAllowOrigins    = "allow_origins"
	keyOriginsFile     = "origins_file"
	keyMaxAge          = "max_age"
)

// fileVersion is the version of the file format that this package reads.
const fileVersion = 1

// disabled is the max_age for core.NoPreflightCache.
const disabled = "disabled"

var schema = Field{
	Type: tableType,
	Doc:  "CORS policies for corskit: which origins may read which responses of a web server.",
	Fields: []Field{
		{
			Key: keyVersion, Type: integerType, Example: `1`,
			Doc: "The version of this file format. Defaults to 1.",
		},
		{
			Key: keyVariables, Type: textsType, Example: `{"FRONTEND_URL": "policies.default.allow_origins"}`,
			Doc: "Environment variables with other names than CORS_*, and the key that each sets. They have the same rules: " +
				"they override the file, and two variables must not set one key.",
		},
		{
			Key: keyIgnoreVariables, Type: listType, Example: `["CORS_PROXY_URL"]`,
			Doc: "CORS_* variables that belong to the application, by their exact names. Other unknown CORS_* variables are errors.",
		},
		{
			Key: keyPolicies, Type: mapType, Fields: policyFields,
			Doc: "Policies by name. A name consists of a-z and 0-9, separated by single - or _. " +
				"Without routes, every policy applies to every request, in the order of the file: the first that matches the origin " +
				"is used.",
		},
		{
			Key: keyRoutes, Type: tablesType, Fields: routeFields,
			Doc: "Which policies apply to which requests. The first route that matches a request is used. " +
				"A request that matches no route gets no CORS headers.",
		},
		{
			Key: keyShadow, Type: tableType, Example: `{"policies": {"default": {"allow_origins": ["https://app.example.com"]}}}`,
			Doc: "Policies and routes to try out. They are evaluated next to those above and change no response. " +
				"Observers see where the two differ.",
			Fields: []Field{
				{
					Key: keyPolicies, Type: mapType, Fields: policyFields,
					Doc: "All policies of the shadow, by name, as in the file. Those above do not apply in the shadow.",
				},
				{
					Key: keyRoutes, Type: tablesType, Fields: routeFields,
					Doc: "Which policies of the shadow apply to which requests, as in the file. Those above do not apply in the shadow.",
				},
			},
		},
	},
}

var policyFields = []Field{
	{
		Key: keyAllowOrigins, Type: listType, Goname: "AllowOrigins",
		Example: `["https://app.example.com", "https://*.pr.example.com"]`,
		Doc: "The origins that may read responses: origins as browsers send them, or patterns such as " +
			"https://*.example.com, http://localhost:*, regexp:https://[a-z]+\\.example\\.com, @loopback or *. " +
			"If unset, every origin is refused.",
	},
	{
		Key: keyOriginsFile, Type: textType, Example: `"partners.txt"`,
		Doc: "A file with more origins, one per line. Its name is relative to this file. " +
			"A # at the start of a line or after white space begins a comment.",
	},
	{
		Key: keyAllowMethods, Type: listType, Goname: "AllowMethods", Example: `["PUT", "DELETE"]`,
		Doc: "The methods that scripts may use. CORS always allows GET, HEAD and POST. * allows every method, and " +
			"@mcp those of the Model Context Protocol.",
	},
	{
		Key: keyAllowHeaders, Type: listType, Goname: "AllowHeaders", Example: `["authorization", "content-type"]`,
		Doc: "The request headers that scripts may set. @connect, @grpc-web and @mcp stand for the headers of these protocols. " +
			"* allows every header; without credentials it does not cover authorization, which must be listed.",
	},
	{
		Key: "expose_headers", Type: listType, Goname: "ExposeHeaders", Example: `["etag"]`,
		Doc: "The response headers that scripts may read in addition to those that CORS always exposes. " +
			"@connect, @grpc-web and @mcp stand for the headers of these protocols. " +
			"* exposes every header; it must not be combined with credentials.",
	},
	{
		Key: "allow_credentials", Type: booleanType, Goname: "AllowCredentials", Example: `true`,
		Doc: "Whether scripts may send requests with credentials, such as cookies. Must not be combined with the origin *.",
	},
	{
		Key: keyMaxAge, Type: durationType, Goname: "MaxAge", Example: `"10m"`,
		Doc: "How long browsers may cache a preflight: whole seconds, with a unit, at most 24h. " +
			"If unset, browsers cache for five seconds; \"disabled\" turns caching off.",
	},
	{
		Key: "allow_private_network", Type: booleanType, Goname: "AllowPrivateNetwork", Example: `true`,
		Doc: "Whether pages from the public network may access this server in a private network (legacy Private Network Access).",
	},
	{
		Key: "reject_disallowed", Type: booleanType, Goname: "RejectDisallowed", Example: `true`,
		Doc: "Whether the server answers requests from other origins with 403, instead of handling them without CORS headers. " +
			"Requests of the server's own pages are not rejected if the browser sends Sec-Fetch-Site, or if Origin has " +
			"the host and port of Host. " +
			"Over plain http, browsers send no Sec-Fetch-Site, so a proxy that rewrites Host, or the Origin null, makes the " +
			"server reject its own pages: " +
			"list the server's own origin in allow_origins or let the proxy pass on Host, " +
			"and set Referrer-Policy: same-origin for pages with forms.",
	},
	{
		Key: "dangerously_allow_null_origin", Type: booleanType, Goname: "DangerouslyAllowNullOrigin", Example: `true`,
		Doc: "Permits the origin \"null\", which any site can use. Must not be combined with credentials.",
	},
	{
		Key: "dangerously_allow_insecure_origins", Type: booleanType, Goname: "DangerouslyAllowInsecureOrigins", Example: `true`,
		Doc: "Permits http:// origins together with credentials, although anyone on the network can impersonate them.",
	},
	{
		Key: "dangerously_allow_public_suffixes", Type: booleanType, Goname: "DangerouslyAllowPublicSuffixes", Example: `true`,
		Doc: "Permits wildcards such as https://*.github.io together with credentials, although anyone can register such an origin.",
	},
}

var routeFields = []Field{
	{
		Key: keyHost, Type: textType, Goname: "Host", Example: `"api.example.com"`,
		Doc: "The host of the request, in lower case, without a port. If unset, the route covers every host.",
	},
	{
		Key: keyPath, Type: textType, Goname: "Path", Example: `"/public/"`,
		Doc: "A path. With a trailing slash, it also covers every path below it. If unset, the route covers every path.",
	},
	{
		Key: keyPolicies, Type: listType, Goname: "Policies", Example: `["public"]`,
		Doc: "The names of the policies that apply, in order: the first that matches the origin is used.",
	},
}

// field returns the field for a key, or nil.
func (f *Field) field(key string) *Field {
	for i := range f.Fields {
		if f.Fields[i].Key == key {
			return &f.Fields[i]
		}
	}
	return nil
}

// keys returns the keys of the fields.
func (f *Field) keys() []string {
	keys := make([]string, len(f.Fields))
	for i := range f.Fields {
		keys[i] = f.Fields[i].Key
	}
	return keys
}

// variableKeys returns the top-level keys that a variable can set, or that its name can begin
// with.
func variableKeys() []string {
	return slices.DeleteFunc(schema.keys(), func(key string) bool { return key == keyVariables || key == keyIgnoreVariables })
}

// policyField returns the field for a key of a policy, or nil.
func policyField(key string) *Field {
	policy := Field{Fields: policyFields}
	return policy.field(key)
}

// VariableOf returns the environment variable that sets a field of [core.Policy] in the policy
// "default", such as CORS_ALLOW_ORIGINS for AllowOrigins. It returns other names as [KeyOf]
// does. With [core.Explanation.Spell], texts name the variables of [FromEnv].
func VariableOf(field string) string {
	if slices.ContainsFunc(policyFields, func(f Field) bool { return f.Goname != "" && f.Goname == field }) {
		return policyVariable(defaultPolicy, KeyOf(field))
	}
	return KeyOf(field)
}

// KeyOf returns the key in a file for a field of [core.Policy] or [core.Route], and
// returns other names unchanged. With [core.PolicyError.Spell] and
// [core.Explanation.Spell], texts name the keys of a file.
func KeyOf(field string) string {
	switch field {
	case "":
		return "" // not the key of a field without a Goname
	case "core.NoPreflightCache":
		return strconv.Quote(disabled)
	case "Routes":
		return keyRoutes
	}
	for _, fields := range [][]Field{policyFields, routeFields} {
		for i := range fields {
			if fields[i].Goname == field {
				return fields[i].Key
			}
		}
	}
	return field
}

// maxName bounds the names of policies and profiles, in bytes.
const maxName = 64

// nameRule is the suggestion for a name of a policy or profile.
const nameRule = "use a-z and 0-9, separated by single - or _"

// isName reports whether s is a valid name: a-z and 0-9, separated by single - or
// _. A variable can contain such a name in upper case, between two "__".
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
