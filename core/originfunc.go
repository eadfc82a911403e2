package core

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/internal/suffix"
	"github.com/corskit/corskit/reason"
)

// CheckOriginFunc calls the policy's AllowOriginFunc with origins that strangers can
// have, and returns an error if the function allows any. Call it in a test or at start-up:
// [New] never calls the function, so New cannot detect one that looks for a substring or
// allows everyone.
//
// known lists the origins that the function is meant to allow, as patterns (see the package
// documentation). CheckOriginFunc tries look-alikes of these patterns and of AllowOrigins:
// hosts that have the same beginning or end or contain the host, other names of the same
// domain, other schemes and other ports. It reports no origin that a pattern of either list
// matches. So if the function allows every subdomain, list "https://*.example.com". Regular
// expressions have no look-alikes. Without patterns, CheckOriginFunc tries only origins
// that are unrelated to the application.
//
// CheckOriginFunc calls the function only for origins for which an [Engine] would: for
// "null" and http:// origins only if the policy permits them. The function gets ctx and a
// GET request for "/" that has an Origin and no other headers. If the function panics,
// CheckOriginFunc recovers and returns an error.
//
// The error joins a [*PolicyError] for each kind of mistake, with an allowed origin as its
// Value and one of these reasons: [reason.BroadFunc], [reason.InsecureOrigin], [reason.Port],
// [reason.NullOrigin], [reason.FuncPanic]. If the function refuses an origin in known, the reason is
// [reason.Unused]. Errors about known have the Field "known". If the policy itself is not
// valid, CheckOriginFunc returns the error of New. If AllowOriginFunc is nil, it returns nil.
//
// More than 100 patterns in known are an error, and only the first 100 entries of
// AllowOrigins have look-alikes, so there are at most a few thousand calls, one after the
// other. CheckOriginFunc stops when ctx is done; its error then wraps that of ctx.
func (p Policy) CheckOriginFunc(ctx context.Context, known ...string) error {
	if p.AllowOriginFunc == nil {
		return nil
	}
	if p.Name == "" {
		p.Name = "default"
	}
	c := &funcCheck{ctx: ctx, policy: p, found: make(map[trick]bool), asked: make(map[string]bool)}
	if len(known) > maxImitated {
		c.report(-1, "", reason.TooMany, "more than 100 known patterns", "check fewer at a time")
		return errors.Join(c.errs...)
	}
	p.AllowOriginFunc = nil
	var err error
	if c.listed, err = New(p); err != nil {
		return err
	}
	if c.known, err = New(Policy{Name: p.Name, AllowOrigins: known, DangerouslyAllowNullOrigin: true}); err != nil {
		for e := range PolicyErrors(err) {
			e.Field = fieldKnown
		}
		return err
	}
	c.run(known)
	return errors.Join(c.errs...)
}

const (
	fieldKnown  = "known"
	maxImitated = 100 // how many patterns of a list get look-alikes
)

// A trick is a way to construct an origin that a careless function allows.
type trick uint8

const (
	everyone trick = iota
	anyone
	begins
	ends
	contains
	dots
	neighbour
	sibling
	loopback
	insecure
	scheme
	port
	opaque
)

// tricks has the error for each trick: what to report if the function allows the origin.
var tricks = [...]struct {
	reason             reason.Reason
	detail, suggestion text
}{
	everyone:  {reason.BroadFunc, "the function allows everyone", "compare the origin with the allowed ones, byte for byte"},
	anyone:    {reason.BroadFunc, "the function allows strangers", "compare the origin with the allowed ones, byte for byte"},
	begins:    {reason.BroadFunc, "the function looks only at the beginning of the origin", "compare the whole origin"},
	ends:      {reason.BroadFunc, "the function looks only at the end of the origin", "compare the whole origin, or its end, dot included"},
	contains:  {reason.BroadFunc, "the function only looks for a part of the origin", "compare the whole origin"},
	dots:      {reason.BroadFunc, "the function accepts any character in place of a dot", "escape the dots of an expression"},
	neighbour: {reason.BroadFunc, "the function allows other customers of a shared host", "compare the origin with the allowed ones"},
	sibling: {reason.BroadFunc, "the function allows other names of a domain",
		"if that is intended, pass the check a pattern that matches them"},
	loopback: {reason.BroadFunc, "the function allows every program on the user's machine",
		`if that is intended, pass the check "http://localhost:*"`},
	insecure: {reason.InsecureOrigin, "the function ignores the scheme: anyone on the network can impersonate an http:// origin",
		"compare the whole origin, scheme included"},
	scheme: {reason.BroadFunc, "the function ignores the scheme, so it allows other applications",
		"compare the whole origin, scheme included"},
	port:   {reason.Port, "the function ignores the port", "compare the whole origin, port included"},
	opaque: {reason.NullOrigin, `any site can send requests with the origin "null"`, "compare the origin with the allowed ones"},
}

// strangers are origins that no application intends to allow.
var strangers = [...]string{
	"https://evil.example", "https://corskit-probe.com", "https://corskit-probe.net", "https://a.corskit-probe.org",
	"https://corskit-probe.co.uk", "https://corskit-probe.github.io", "https://corskit-probe.vercel.app", "https://localhost.evil.test",
	"https://127.0.0.1.evil.test", "http://localhost.evil.test", "http://127.0.0.1.evil.test", "http://evil.test", "https://203.0.113.7",
	"https://[2001:db8::7]", "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh", "evil-app://localhost",
}

var loopbackProbes = [...]string{"http://localhost:48620", "http://127.0.0.1:48620", "http://[::1]:48620", "https://localhost"}

// funcCheck is the state of [Policy.CheckOriginFunc].
type funcCheck struct {
	ctx           context.Context
	policy        Policy
	listed, known *Engine // an origin that one of them allows is not reported
	found         map[trick]bool
	asked         map[string]bool
	panicked      bool
	errs          []error
}

func (c *funcCheck) run(known []string) {
	c.try(everyone, "https://evil.test")
	for _, o := range strangers {
		c.try(anyone, o)
	}
	c.try(opaque, "null")
	for _, o := range loopbackProbes {
		c.try(loopback, o)
	}
	for i, entry := range known {
		c.expect(i, entry)
		c.imitate(entry)
	}
	for _, entry := range c.policy.AllowOrigins[:min(len(c.policy.AllowOrigins), maxImitated)] {
		c.imitate(entry)
	}
	if err := c.ctx.Err(); err != nil {
		c.errs = append(c.errs, fmt.Errorf("cors: policy %q: the check of AllowOriginFunc stopped: %w", c.policy.Name, err))
	}
}

// try calls the function with an origin made by a trick. For each trick, it reports only
// the first origin that the function allows.
func (c *funcCheck) try(t trick, value string) {
	o, ok := origin.Parse(value)
	if c.implied(t) || !ok && t != opaque || c.asked[value] || c.known.AllowsOrigin(value) || !c.isAsked(value, o) {
		return
	}
	if allowed, _ := c.ask(value); allowed {
		c.found[t] = true
		c.report(-1, value, tricks[t].reason, tricks[t].detail, tricks[t].suggestion)
	}
}

// implied reports whether a fault that was reported before makes this one redundant.
func (c *funcCheck) implied(t trick) bool {
	switch {
	case c.found[t], c.found[everyone] && t != opaque:
		return true
	case t == begins:
		return c.found[contains]
	case t == port:
		return c.found[contains] || c.found[begins]
	case t == ends, t == neighbour:
		return c.found[contains] || c.found[neighbour]
	case t == dots, t == sibling, t == insecure, t == scheme:
		return c.found[contains] || c.found[ends]
	default:
		return false
	}
}

// isAsked reports whether an engine would call the function for an origin.
func (c *funcCheck) isAsked(value string, o origin.Origin) bool {
	p := &c.policy
	if value == "null" {
		return p.DangerouslyAllowNullOrigin && !p.AllowCredentials
	}
	insecure := p.DangerouslyAllowInsecureOrigins || !p.AllowCredentials
	return (insecure || !o.Insecure()) && !c.listed.AllowsOrigin(value)
}

// ask calls the function. ok is false if there is no answer because the function panics
// or the context is done.
func (c *funcCheck) ask(value string) (allowed, ok bool) {
	if c.ctx.Err() != nil {
		return false, false
	}
	c.asked[value] = true
	defer func() {
		if r := recover(); r != nil && !c.panicked {
			c.panicked = true
			c.report(-1, value, reason.FuncPanic, textf("the function panics: %.100q", fmt.Sprint(r)), "return false instead")
		}
	}()
	return c.policy.AllowOriginFunc(c.ctx, Request{Method: "GET", Path: "/", Origin: []string{value}}), true
}

func (c *funcCheck) report(index int, value string, reason reason.Reason, detail, suggestion text) {
	field := "AllowOriginFunc"
	if index >= 0 {
		field = fieldKnown
	}
	e := finding{c.policy.Name, field, index, value}.error(reason, detail, suggestion)
	c.errs = append(c.errs, &e)
}

// expect reports an origin in known that the function refuses. The answers for look-alikes
// say little if the function refuses the original.
func (c *funcCheck) expect(i int, entry string) {
	o, ok := origin.Parse(entry)
	if !ok || c.asked[entry] || !c.isAsked(entry, o) {
		return
	}
	if allowed, ok := c.ask(entry); ok && !allowed {
		c.report(i, entry, reason.Unused, "the function refuses this origin", "remove it, or let the function allow it")
	}
}

// imitate tries look-alikes of the origins that a pattern matches.
func (c *funcCheck) imitate(entry string) {
	_ = origin.ParsePattern(entry, func(p origin.Pattern) { // expressions have no host
		if p.Host == "" {
			return
		}
		host, at := strings.ReplaceAll(strings.TrimPrefix(p.Host, "*."), "*", "a"), ""
		if p.Ports.NotAbsent {
			at = fmt.Sprintf(":%d", p.Ports.Low)
		}
		c.imitateOrigin(p.Scheme, host, at)
	})
}

// imitateOrigin tries look-alikes of an origin, the most serious mistakes first. at is
// the port, with a colon before it, or empty.
func (c *funcCheck) imitateOrigin(own, host, at string) {
	if host[0] != '[' {
		c.try(contains, own+"://evil."+host+".evil.test"+at)
		c.try(begins, own+"://"+host+".evil.test"+at)
	}
	if own == "https" || own == "http" {
		c.imitateDomain(own, host, at)
	}
	if o, _ := origin.Parse("http://" + host + at); o.Insecure() {
		c.try(insecure, "http://"+host+at)
	}
	c.try(scheme, "evil-app://"+host+at)
	if own != "http" {
		c.try(scheme, "https://"+host+at)
	}
	for _, other := range []string{"", ":81", ":8443", ":48620"} {
		if other != at {
			c.try(port, own+"://"+host+other)
		}
	}
}

// imitateDomain is like imitateOrigin, for look-alikes that depend on the registered domain
// of the host, if it has one.
func (c *funcCheck) imitateDomain(own, host, at string) {
	registered, ok := suffix.Registered(host)
	labels := strings.Split(host, ".")
	if o, _ := origin.Parse(own + "://" + host); o.IsAddress() || !ok && len(labels) < 2 {
		return
	}
	if !ok {
		registered = strings.Join(labels[len(labels)-2:], ".") // as in a.example
	}
	name, rest, _ := strings.Cut(registered, ".")
	if _, kind := suffix.PublicSuffix(registered); kind.IsSuffix() && kind != suffix.ICANN {
		c.try(neighbour, own+"://evil."+rest+at)
	}
	for _, before := range []string{"evil", "evil-", "evil_", "1"} {
		c.try(ends, own+"://"+before+registered+at)
	}
	c.try(contains, own+"://"+name+".evil.test"+at)
	for i := range host {
		if spoiled := host[:i] + "x" + host[i+1:]; host[i] == '.' && !strings.HasSuffix(spoiled, "."+registered) {
			c.try(dots, own+"://"+spoiled+at)
		}
	}
	for _, name := range []string{registered, "evil." + registered, "evil." + host, "evil-" + host} {
		if strings.HasSuffix("."+name, "."+registered) {
			c.try(sibling, own+"://"+name+at)
		}
	}
}
