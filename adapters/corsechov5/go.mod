module github.com/corskit/corskit/adapters/corsechov5

go 1.26.0

require (
	github.com/corskit/corskit v0.1.0
	github.com/labstack/echo/v5 v5.4.4
)

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.15.0 // indirect
)

replace github.com/corskit/corskit => ../..
