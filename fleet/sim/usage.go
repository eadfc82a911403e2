package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is the usage of processes and connections so far.
type usage struct {
	down, up      int64 // bytes from etcd to the replicas, and back
	etcdCPU, self time.Duration
	etcdMemory    int64
}

// usage reads the counters of the proxies and of Linux. On other systems, the numbers for
// processes are missing.
func (f *simulated) usage() usage {
	var u usage
	for _, m := range f.etcd.Members {
		up, down := m.Client.Traffic()
		u.up, u.down = u.up+up, u.down+down
		u.etcdCPU += processorTime(strconv.Itoa(m.PID()))
		u.etcdMemory += memory(strconv.Itoa(m.PID()))
	}
	u.self = processorTime("self")
	return u
}

// processorTime returns the time that a process has used.
func processorTime(pid string) time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	data, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(data, []byte(") ")) // the name may have spaces
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}

// memory returns the resident memory of a process.
func memory(pid string) int64 {
	data, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	var kilobytes int64
	for line := range strings.Lines(string(data)) {
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); err == nil {
			break
		}
	}
	return kilobytes << 10
}
