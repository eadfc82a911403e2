//go:build !unix

package chaos

import "errors"

func limitFiles(string) error { return errors.New("this system cannot limit the size of files") }
