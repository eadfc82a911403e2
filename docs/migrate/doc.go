// Package migrate holds the migration guides of this directory to the truth.
//
// Its tests mount the library that a guide leaves behind, and corskit with the
// policy that the guide gives for each option, send both the same requests from
// the model of a browser in the conformance package, and compare what scripts
// get to see, which handlers run and what a shared cache makes of the answers.
// Each difference stands in the tables with its reason. One that is not listed
// fails the tests, and so does one that is listed and no longer shows. The
// tables in the guides are printed from the tests' own, their column of new
// fields from the policies that are compared:
//
//	go test . -update
//
// There is nothing to import here, and the module is not released.
package migrate
