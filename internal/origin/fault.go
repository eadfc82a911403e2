package origin

import "github.com/corskit/corskit/reason"

// Fault says what is wrong with a pattern, and how to fix it.
type Fault struct {
	Reason     reason.Reason
	Detail     string // what is wrong
	Suggestion string // how to fix it
}

// advice returns the suggestion for faults without a specific one.
func advice(r reason.Reason) string {
	switch r {
	case reason.Port:
		return "write a port as in :3000, a range as in :3000-3999, or :* for any"
	case reason.IPv4, reason.IPv6:
		return "write the address as browsers show it, or a host name"
	case reason.TooLong:
		return "shorten it, or use AllowOriginFunc"
	default:
		return "write an origin as browsers send it, such as https://app.example.com"
	}
}
