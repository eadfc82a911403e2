module github.com/corskit/corskit/migrate

go 1.26.0

replace github.com/corskit/corskit => ..

require (
	github.com/corskit/corskit v0.1.0
	golang.org/x/tools v0.52.0
)

require (
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
