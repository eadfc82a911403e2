package gateways

// Target is a gateway.
type Target struct {
	Name  string // for the command line, such as "envoy"
	Title string // for people, such as "Envoy"
	Help  string // what Export writes or Import reads, on one line
	// Limits say what the target cannot express, one sentence each.
	Limits []string

	// export writes the plan. It reports settings that the target cannot express with
	// exportPlan.Refuse and exportPlan.Lose; after Refuse, its result is not used. It is nil for
	// targets that Export does not support.
	export func(*exportPlan) []byte
	// imports reads a file of the target into the draft. It reports parts that it must refuse with
	// importDraft.Refuse.
	imports func(text []byte, d *importDraft)
	// Parse returns the model of a file of the target. It also accepts files that Import refuses,
	// if the gateway accepts them.
	Parse func(text []byte) (Model, error)
}

// Exports reports whether Export writes for the target.
func (t Target) Exports() bool { return t.export != nil }

// Imports reports whether Import reads files of the target.
func (t Target) Imports() bool { return t.imports != nil }

// Targets returns all targets.
func Targets() []Target {
	return []Target{
		envoy(),
		istio(),
		gatewayAPI(),
		kong(),
		krakend(),
		apisix(),
		s3(),
		gcs(),
		azureStorage(),
		apiGateway(),
		lambdaURL(),
		cloudFront(),
		nginx(),
		haproxy(),
		caddy(),
		traefik(),
		ingressNginx(),
		spring(),
	}
}

// Find returns the target with the given name.
func Find(name string) (Target, bool) {
	for _, t := range Targets() {
		if t.Name == name {
			return t, true
		}
	}
	return Target{}, false
}
