package corsfiberv3_test

import (
	"bufio"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// read reads the head of a request, of any length.
func read(t testing.TB, r *fasthttp.Request, head string) {
	t.Helper()
	if err := r.Read(bufio.NewReaderSize(strings.NewReader(head), len(head)+1)); err != nil {
		t.Fatal(err)
	}
}
