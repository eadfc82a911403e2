// Package verify checks the output of package gateways with the targets' own Go packages: the
// messages of Envoy and Istio, and the schema and CEL rules of the Gateway API's HTTPRoute. It is a
// separate module because these packages are large.
package verify
