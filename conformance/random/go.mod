module github.com/corskit/corskit/conformance/random // not released

go 1.26.0

require (
	github.com/corskit/corskit v0.1.0
	pgregory.net/rapid v1.3.0
)

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/corskit/corskit => ../..
