//go:build darwin || netbsd || freebsd || ios

package config

import "syscall"

func changeTime(s *syscall.Stat_t) int64 { return s.Ctimespec.Nano() }
