//go:build gc && !race && !go1.27

package corshttp

import (
	"runtime"
	"unsafe"
)

// locals has a slab for each processor of Go's scheduler (a P). A [sync.Pool] has
// the same, but its two calls cost a quarter of all that the middleware does to a
// request without an Origin.
//
// What is used of the runtime is in the list of what other modules use already
// and what therefore stays (https://go.dev/issue/67401). Should it not, nothing
// breaks: Go versions that this file does not name have slab_pool.go instead, and
// so has the race detector, which cannot see what keeps goroutines apart here.
var locals = make([]struct {
	slab
	_ [128 - unsafe.Sizeof(slab{})]byte // no two in one cache line
}, max(runtime.NumCPU(), runtime.GOMAXPROCS(0)))

// procPin keeps the goroutine on its P, which it returns, and every other
// goroutine off it, until procUnpin. In between nothing may block or allocate.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// takeLocal is [take] from the slab of the P that the goroutine runs on.
func takeLocal(n int) (out []string) {
	if p := procPin(); p < len(locals) {
		out = locals[p].cut(n)
	}
	procUnpin()
	if out == nil {
		out = takeNew(n)
	}
	return out
}

// takeNew is takeLocal from a new slab. If GOMAXPROCS has been raised above the
// number of processors, it serves one response.
func takeNew(n int) []string {
	s := newSlab()
	out := s.cut(n)
	if p := procPin(); p < len(locals) {
		locals[p].slab = s
	}
	procUnpin()
	return out
}
