package migrate

import "strings"

// mount is the expression to mount instead of the old middleware.
func (p *Program) mount(r *Result) string {
	return strings.ReplaceAll(r.Site.Library.Mount, "ENGINE", "engine")
}

// place notes a mount that a browser does not get through.
func (p *Program) place(*Site) []Note { return nil }
