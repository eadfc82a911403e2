package corsgin

import (
	"runtime"
	"sync"
	"weak"

	"github.com/gin-gonic/gin"
)

// registry maps a gin.Engine to its groups, because the engine has no field for
// them. It keeps neither alive: the engine refers to its groups through their
// handler, and a collected engine is removed from the registry.
var registry = struct {
	sync.Mutex
	groups map[weak.Pointer[gin.Engine]]weak.Pointer[groups]
}{groups: make(map[weak.Pointer[gin.Engine]]weak.Pointer[groups])}

// groupsOf returns the groups of r. The first call for r mounts their handler.
func groupsOf(r *gin.Engine) *groups {
	key := weak.Make(r)
	registry.Lock()
	defer registry.Unlock()
	if all := registry.groups[key].Value(); all != nil {
		return all
	}
	all := &groups{r: r}
	r.Use(all.serve)
	registry.groups[key] = weak.Make(all)
	runtime.AddCleanup(r, forget, key)
	return all
}

func forget(key weak.Pointer[gin.Engine]) {
	registry.Lock()
	defer registry.Unlock()
	delete(registry.groups, key)
}
