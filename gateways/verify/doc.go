// Package verify checks what package gateways writes with the targets' own Go packages: Envoy's
// and Istio's messages, and the schema and rules of the Gateway API's HTTPRoute. It is a module of
// its own because these packages are large.
package verify
