//go:build unix && !darwin && !netbsd && !freebsd && !ios

package watch

import "syscall"

func changeTime(s *syscall.Stat_t) int64 { return s.Ctim.Nano() }
