package core

import (
	"fmt"
	"strings"
)

// text is a text for people. The names of policy and route fields in it stand
// between two marks, so that they can be replaced by what the reader knows them as.
type text string

const nameMark = "\x00" // in no text otherwise: values are quoted

// The names that texts mention.
const (
	nameAllowOrigins       = nameMark + "AllowOrigins" + nameMark
	nameAllowOriginFunc    = nameMark + "AllowOriginFunc" + nameMark
	nameAllowMethods       = nameMark + "AllowMethods" + nameMark
	nameAllowHeaders       = nameMark + "AllowHeaders" + nameMark
	nameAllowCredentials   = nameMark + "AllowCredentials" + nameMark
	nameRejectDisallowed   = nameMark + "RejectDisallowed" + nameMark
	nameAllowNullOrigin    = nameMark + "DangerouslyAllowNullOrigin" + nameMark
	nameAllowInsecure      = nameMark + "DangerouslyAllowInsecureOrigins" + nameMark
	nameAllowPublicSuffix  = nameMark + "DangerouslyAllowPublicSuffixes" + nameMark
	nameNoPreflightCache   = nameMark + "core.NoPreflightCache" + nameMark
	nameHost, namePath     = nameMark + "Host" + nameMark, nameMark + "Path" + nameMark
	namePolicies           = nameMark + "Policies" + nameMark
	nameNew                = nameMark + "New" + nameMark
	nameExposeHeaders      = nameMark + "ExposeHeaders" + nameMark
	nameAllowPrivateAccess = nameMark + "AllowPrivateNetwork" + nameMark
)

func textf(format string, args ...any) text { return text(fmt.Sprintf(format, args...)) }

// String returns the text with the names of Go.
func (t text) String() string { return strings.ReplaceAll(string(t), nameMark, "") }

// spell returns the text with each name replaced by name(it).
func (t text) spell(name func(string) string) string {
	var b strings.Builder
	for i, part := range strings.Split(string(t), nameMark) {
		if i%2 == 1 {
			part = name(part)
		}
		b.WriteString(part)
	}
	return b.String()
}
