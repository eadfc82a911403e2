package corsgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corshttp"
)

// keepingVary runs the rest of the chain with a writer that adds the names to Vary
// when the headers are sent, unless Vary still lists them.
func keepingVary(c *gin.Context, names string) {
	w := &varyWriter{c.Writer, names}
	c.Writer = w
	c.Next()
	// gin bypasses c.Writer when it sends the headers of a response without a body.
	w.keep()
}

type varyWriter struct {
	gin.ResponseWriter
	names string
}

func (w *varyWriter) keep() {
	if !w.Written() {
		corshttp.AddVary(w.Header(), w.names)
	}
}

func (w *varyWriter) WriteHeaderNow() {
	w.keep()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *varyWriter) Write(b []byte) (int, error) {
	w.keep()
	return w.ResponseWriter.Write(b)
}

func (w *varyWriter) WriteString(s string) (int, error) {
	w.keep()
	return w.ResponseWriter.WriteString(s)
}

func (w *varyWriter) Flush() {
	w.keep()
	w.ResponseWriter.Flush()
}

// Unwrap is for [http.ResponseController].
func (w *varyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
