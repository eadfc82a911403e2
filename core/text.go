package core

import (
	"fmt"
	"strings"
)

// text is a message. The names of policy and route fields in it are enclosed in
// nameMarks, so that spell can replace them.
type text string

const nameMark = "\x00" // cannot occur in other places, because values are quoted

// The names that texts mention.
const (
	nameAllowOrigins      = nameMark + "AllowOrigins" + nameMark
	nameAllowOriginFunc   = nameMark + "AllowOriginFunc" + nameMark
	nameAllowMethods      = nameMark + "AllowMethods" + nameMark
	nameAllowHeaders      = nameMark + "AllowHeaders" + nameMark
	nameExposeHeaders     = nameMark + "ExposeHeaders" + nameMark
	nameAllowCredentials  = nameMark + "AllowCredentials" + nameMark
	nameRejectDisallowed  = nameMark + "RejectDisallowed" + nameMark
	nameAllowNullOrigin   = nameMark + "DangerouslyAllowNullOrigin" + nameMark
	nameAllowInsecure     = nameMark + "DangerouslyAllowInsecureOrigins" + nameMark
	nameAllowPublicSuffix = nameMark + "DangerouslyAllowPublicSuffixes" + nameMark
	nameNoPreflightCache  = nameMark + "core.NoPreflightCache" + nameMark
	nameHost              = nameMark + "Host" + nameMark
)

func textf(format string, args ...any) text { return text(fmt.Sprintf(format, args...)) }

// String returns the text with Go names.
func (t text) String() string { return strings.ReplaceAll(string(t), nameMark, "") }

// spell returns the text with each name n replaced by name(n).
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
