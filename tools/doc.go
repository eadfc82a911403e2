// Package tools pins the programs that check this repository. It is not
// released.
package tools
