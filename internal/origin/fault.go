package origin

// Reason classifies a [Fault]. The values are those of core.Reason.
type Reason string

// Reasons of a Fault. See the constants of package core.
const (
	Empty         Reason = "empty"
	MissingScheme Reason = "missing-scheme"
	MissingHost   Reason = "missing-host"
	Syntax        Reason = "syntax"
	WhiteSpace    Reason = "white-space"
	UpperCase     Reason = "upper-case"
	NonASCII      Reason = "non-ascii"
	TrailingSlash Reason = "trailing-slash"
	HasPath       Reason = "path"
	Userinfo      Reason = "userinfo"
	TrailingDot   Reason = "trailing-dot"
	BadHost       Reason = "host"
	BadIPv4       Reason = "ipv4"
	BadIPv6       Reason = "ipv6"
	BadPort       Reason = "port"
	DefaultPort   Reason = "default-port"
	BadWildcard   Reason = "wildcard"
	BadRegexp     Reason = "regexp"
	List          Reason = "list"
	TooLong       Reason = "too-long"
)

// Fault says what is wrong with a pattern, and how to fix it.
type Fault struct {
	Reason     Reason
	Detail     string // what is wrong
	Suggestion string // how to fix it
}

// advice returns the suggestion for faults without a specific one.
func (r Reason) advice() string {
	switch r {
	case BadPort:
		return "write a port as in :3000, a range as in :3000-3999, or :* for any"
	case BadIPv4, BadIPv6:
		return "write the address as browsers show it, or a host name"
	case TooLong:
		return "shorten it, or use AllowOriginFunc"
	default:
		return "write an origin as browsers send it, such as https://app.example.com"
	}
}
