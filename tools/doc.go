// Package tools pins the versions of the programs that check this repository. It is not
// released.
package tools
