//go:build unix

package chaos

import (
	"os/signal"
	"strconv"
	"syscall"
)

// limitFiles makes writes beyond a size fail, as on a full disk; "none" ends that.
func limitFiles(text string) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	if text != "none" {
		size, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return err
		}
		limit.Cur = size
	}
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}
