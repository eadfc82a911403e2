package corsfiber

import (
	"bytes"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/core"
)

// Header names in their canonical form, which fasthttp need not compute then.
var (
	allowOrigin      = []byte(fiber.HeaderAccessControlAllowOrigin)
	allowCredentials = []byte(fiber.HeaderAccessControlAllowCredentials)
	exposeHeaders    = []byte(fiber.HeaderAccessControlExposeHeaders)
	allowMethods     = []byte(fiber.HeaderAccessControlAllowMethods)
	allowHeaders     = []byte(fiber.HeaderAccessControlAllowHeaders)
	maxAge           = []byte(fiber.HeaderAccessControlMaxAge)
	allowPrivate     = []byte("Access-Control-Allow-Private-Network")
	varyName         = []byte(fiber.HeaderVary)
)

// writeHeaders writes the headers of an outcome. origin is its AllowOrigin, in
// memory that is still valid. They replace the CORS headers that another engine's
// middleware has written before, so that the innermost one decides; names are
// added to Vary. fasthttp copies the values.
func writeHeaders(h *fasthttp.ResponseHeader, o *core.Outcome, origin string) {
	vary := o.Vary()
	if vary == "" && origin == "" {
		return
	}
	decided, varies := false, false
	for _, name := range h.PeekKeys() {
		switch string(name) {
		case fiber.HeaderAccessControlAllowOrigin:
			decided = true
		case fiber.HeaderVary:
			varies = true
		}
	}
	if decided {
		dropCORS(h)
	}
	if !varies {
		set(h, varyName, vary)
	} else if !covers(h.PeekAll(fiber.HeaderVary), vary) {
		h.Add(fiber.HeaderVary, vary)
	}
	if origin == "" {
		return
	}
	set(h, allowOrigin, origin)
	set(h, allowCredentials, o.AllowCredentials())
	set(h, exposeHeaders, o.ExposeHeaders())
	if o.Kind() == core.Preflight {
		set(h, allowMethods, o.AllowMethods())
		set(h, allowHeaders, o.AllowHeaders())
		set(h, maxAge, o.MaxAge())
		set(h, allowPrivate, o.AllowPrivateNetwork())
	}
}

// gives reports whether a response has Access-Control-Allow-Origin, in any spelling.
// To look for it by its name takes longer, since fasthttp normalises that first.
func gives(h *fasthttp.ResponseHeader) bool {
	for _, name := range h.PeekKeys() {
		if len(name) == len(allowOrigin) && bytes.EqualFold(name, allowOrigin) {
			return true
		}
	}
	return false
}

func set(h *fasthttp.ResponseHeader, name []byte, value string) {
	if value != "" {
		h.SetCanonical(name, utils.UnsafeBytes(value))
	}
}

var corsNames = [...][]byte{
	allowOrigin, allowCredentials, exposeHeaders, allowMethods, allowHeaders, maxAge, allowPrivate,
}

func dropCORS(h *fasthttp.ResponseHeader) {
	for _, name := range corsNames {
		h.DelBytes(name)
	}
}

// dropSpelled drops the CORS headers of others, who may spell them differently.
func dropSpelled(h *fasthttp.ResponseHeader) {
	for _, key := range h.PeekKeys() {
		for _, name := range corsNames {
			if bytes.EqualFold(key, name) {
				h.DelBytes(key)
			}
		}
	}
}

// covers reports whether the lines of Vary have every name of add.
func covers(lines [][]byte, add string) bool {
	if len(lines) == 1 && string(lines[0]) == add {
		return true
	}
	for add != "" {
		var name string
		name, add, _ = strings.Cut(add, ", ")
		if !lists(lines, name) {
			return false
		}
	}
	return true
}

// lists reports whether a list-based field has an element, without regard to case.
func lists(lines [][]byte, element string) bool {
	for _, line := range lines {
		for len(line) > 0 {
			var e []byte
			e, line, _ = bytes.Cut(line, []byte{','})
			if strings.EqualFold(view(bytes.Trim(e, " \t")), element) {
				return true
			}
		}
	}
	return false
}
