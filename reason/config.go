package reason

// Reasons why config refuses a file or a variable. It also uses Empty, Syntax and
// Duplicate.
const (
	Format          Reason = "format"           // the file name has no known extension
	Encoding        Reason = "encoding"         // not UTF-8
	TooLarge        Reason = "too-large"        // more bytes than the limit
	NotFound        Reason = "not-found"        // the file does not exist
	Read            Reason = "read"             // the file cannot be read, or changes while it is read
	UnknownKey      Reason = "unknown-key"      // a key that the schema does not have
	KeyCase         Reason = "key-case"         // a key or variable in the wrong case
	Null            Reason = "null"             // a key or an entry without a value
	Type            Reason = "type"             // a value of the wrong type
	Unit            Reason = "unit"             // a duration without a unit
	Value           Reason = "value"            // a value of the right type, but not allowed for the key
	Name            Reason = "name"             // not a valid name of a policy, profile or variable
	Missing         Reason = "missing"          // a required key or variable is not set
	UnknownVariable Reason = "unknown-variable" // a CORS_* variable that sets nothing
	UnknownPolicy   Reason = "unknown-policy"   // a policy that no file declares
	More            Reason = "more"             // the file has more faults than the error lists
)

// Reasons why config.Add cannot add to a policy.
const (
	Variable Reason = "variable" // an environment variable sets the key
	Notation Reason = "notation" // a notation in which Add cannot add entries
)

// Reasons of warnings of config.
const (
	Watch        Reason = "watch"         // the config.Source cannot watch and is polled
	Unlinked     Reason = "unlinked"      // a mount keeps showing a file that was replaced or removed
	UnusedPolicy Reason = "unused-policy" // no route names the policy
)

// Reasons of notes of config. Notes are about settings that are correct but may surprise
// people.
const (
	Omitted    Reason = "omitted"    // policies do not set their methods or headers
	Overridden Reason = "overridden" // a variable replaces what a file or the program sets
)
