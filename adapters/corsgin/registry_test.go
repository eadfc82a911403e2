package corsgin

import (
	"runtime"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// TestRegistryForgets: the registry keeps no gin.Engine alive, and drops an engine
// that is collected.
func TestRegistryForgets(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	const engines = 10
	kept := gin.New()
	Group(kept, kept.Group("/api"), nil)
	for range engines {
		r := gin.New()
		Group(r, r.Group("/api"), nil)
		Group(r, r.Group("/other"), nil)
	}
	deadline := time.Now().Add(10 * time.Second)
	for registered() > 1 && time.Now().Before(deadline) {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if n := registered(); n != 1 {
		t.Errorf("%d engines are registered, want only the one in use", n)
	}
	if all := groupsOf(kept); len(all.list) != 1 {
		t.Errorf("the engine in use has %d groups, want 1", len(all.list))
	}
	runtime.KeepAlive(kept)
}

func registered() int {
	registry.Lock()
	defer registry.Unlock()
	return len(registry.groups)
}
