// Package gateways writes policies for gateways, and reads policies from the files of
// gateways. It never makes a policy wider.
//
// [Export] writes a configuration for a [Target], such as Envoy or nginx. What the target
// cannot say is an error that names the line of the file, the limit of the target and a fix.
// [Import] is the way back: it makes a policy from a target's file, and refuses by line what
// no policy can say.
//
// Each target has a [Model]: what the gateway answers, written from its documentation and
// source. [Differences] compares a configuration with a model over all origins, as browsers
// judge the answers. Export parses what it wrote and compares it with the configuration;
// Import compares the policy that it made with what it read.
package gateways
