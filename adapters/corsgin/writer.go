package corsgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corshttp"
)

// keeping runs the rest of the chain with a writer that restores the headers of the
// decision before they are sent.
func keeping(c *gin.Context, x corshttp.Exchange) {
	w := &writer{c.Writer, &x}
	c.Writer = w
	// gin bypasses c.Writer when it sends the headers of a response without a body. A
	// middleware around gin that responds to a panic bypasses it too.
	defer w.keep()
	c.Next()
}

type writer struct {
	gin.ResponseWriter
	*corshttp.Exchange
}

// Status is gin's, not that of the Exchange.
func (w *writer) Status() int { return w.ResponseWriter.Status() }

func (w *writer) keep() {
	if !w.Written() {
		w.Keep(w.Header())
	}
}

func (w *writer) WriteHeaderNow() {
	w.keep()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *writer) Write(b []byte) (int, error) {
	w.keep()
	return w.ResponseWriter.Write(b)
}

func (w *writer) WriteString(s string) (int, error) {
	w.keep()
	return w.ResponseWriter.WriteString(s)
}

func (w *writer) Flush() {
	w.keep()
	w.ResponseWriter.Flush()
}

// Unwrap is for [http.ResponseController].
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
