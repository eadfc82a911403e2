// Package observe tests what docs/observe.md says about metrics, the dashboard in
// grafana.json and the rules in alerts.yml. It is a module of its own because it needs
// Prometheus.
package observe
