// Package gateways exports policies to the configuration files of gateways, and imports policies
// from them. Neither direction ever makes a policy wider.
//
// [Export] writes a configuration for a [Target], such as Envoy or nginx. For a setting that the
// target cannot express, it returns an error with the line of the policy file, the limit of the
// target and a fix. [Import] does the reverse: it makes a policy from a target's file. For a
// setting that no policy can express, it returns an error with the line of that file.
//
// Each target has a [Model], which answers requests as the gateway does according to its
// documentation and source. [Differences] compares a configuration with a model for all origins, by
// the verdicts of browsers on the answers. Export parses its own output and compares it with the
// configuration; Import compares the policy that it made with the file that it read.
package gateways
