package main

import (
	"testing"

	"github.com/corskit/corskit/examples/demo"
)

func TestTour(t *testing.T) { demo.Test(t, serve) }
