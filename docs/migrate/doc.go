// Package migrate tests the migration guides in this directory.
//
// For each option in a guide, the tests mount the old library with the option, and
// corskit with the policy that the guide gives. They send both the same requests,
// from the model of a browser in package browsermodel, and compare what scripts
// see, which handlers run, and what a shared cache does with the answers. The
// tables list each difference with its reason. The tests fail for a difference
// that is not listed and for a listed one that no longer occurs. The tables in the
// guides are printed from those of the tests, and the column of new fields from
// the policies that are compared:
//
//	go test . -update
//
// There is nothing to import here, and the module is not released.
package migrate
