package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance/realbrowser"
)

// picture is a picture of a page.
type picture struct {
	name   string
	width  int
	height int
	scheme string
	docs   bool // whether the documentation has it; the others are left in a temporary directory
}

// demoPictures are the pictures of the documentation, and others to look at.
var demoPictures = []picture{
	{"demo.png", 1280, 1000, "light", true},
	{"demo-dark.png", 1280, 1000, "dark", true},
	{"demo-narrow.png", 390, 844, "light", false},
	{"demo-narrow-dark.png", 390, 844, "dark", false},
}

// TestDemoPictures makes pictures of the demo, with -update. The browser has the network of
// this machine and no proxy, so the test shows that the names of the pages need no DNS.
func TestDemoPictures(t *testing.T) {
	path := chromiumForPictures(t)
	d := startDemo(t, t.TempDir(), "--framework", "gin", "--port", "4100")
	startChromium(t, path).save(d.page, `document.body?.dataset.shown && document.querySelector("#steps .fix")`, demoPictures)
}

// chromiumForPictures returns the path of the browser that takes pictures. Without -update,
// it skips the test.
func chromiumForPictures(t *testing.T) string {
	t.Helper()
	noSignals(t)
	if !*update {
		t.Skip("only -update writes the pictures of docs")
	}
	path, err := realbrowser.Chromium().Find()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// save writes pictures of a page, taken once ready, an expression in JavaScript, is true.
func (c *devtools) save(url, ready string, pictures []picture) {
	c.t.Helper()
	others, err := os.MkdirTemp("", "corskit-pictures-")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, p := range pictures {
		file := filepath.Join(others, p.name)
		if p.docs {
			file = filepath.Join("..", "..", "docs", "images", p.name)
		}
		if err := os.WriteFile(file, c.picture(url, ready, p), 0o644); err != nil {
			c.t.Fatal(err)
		}
		c.t.Log(file)
	}
}

// devtools is a Chromium that takes commands of its DevTools protocol over pipes.
type devtools struct {
	t    *testing.T
	in   *os.File
	out  *bufio.Reader
	last int
}

// startChromium starts a browser that ends with the test.
func startChromium(t *testing.T, path string) *devtools {
	t.Helper()
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server",
		"--hide-scrollbars", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	if err := errors.Join(in.SetDeadline(time.Now().Add(limit)), out.SetDeadline(time.Now().Add(limit))); err != nil {
		t.Fatal(err)
	}
	c := &devtools{t: t, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		c.call("", "Browser.close", nil)
		_ = cmd.Wait() // it was told to end
		_, _ = in.Close(), out.Close()
	})
	return c
}

// call sends a command to the browser or to a page, and returns its result.
func (c *devtools) call(session, method string, params map[string]any) map[string]any {
	c.t.Helper()
	c.last++
	command := map[string]any{"id": c.last, "method": method, "params": params}
	if session != "" {
		command["sessionId"] = session
	}
	text, err := json.Marshal(command)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.in.Write(append(text, 0)); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
	for {
		line, err := c.out.ReadString(0)
		if err != nil {
			c.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result map[string]any
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal([]byte(strings.TrimSuffix(line, "\x00")), &answer); err != nil {
			c.t.Fatal(err)
		}
		if answer.ID != c.last {
			continue // an event
		}
		if answer.Error != nil {
			c.t.Fatalf("%s: %s", method, answer.Error.Message)
		}
		return answer.Result
	}
}

// picture opens a page and returns a picture of it once it is ready.
func (c *devtools) picture(url, ready string, p picture) []byte {
	c.t.Helper()
	target := c.call("", "Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	session, _ := c.call("", "Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	c.call(session, "Emulation.setDeviceMetricsOverride", map[string]any{
		"width": p.width, "height": p.height, "deviceScaleFactor": 1, "mobile": p.width < 600,
	})
	c.call(session, "Emulation.setEmulatedMedia", map[string]any{
		"features": []any{map[string]any{"name": "prefers-color-scheme", "value": p.scheme}},
	})
	c.call(session, "Page.enable", nil)
	c.call(session, "Page.navigate", map[string]any{"url": url})
	got := c.call(session, "Runtime.evaluate", map[string]any{"awaitPromise": true, "returnByValue": true, "expression": fmt.Sprintf(`
		(async () => {
			const end = Date.now() + %d;
			while (!(%s)) {
				if (Date.now() > end) return "not shown: " + document.body?.innerText;
				await new Promise(done => setTimeout(done, 50));
			}
			return "";
		})()`, (limit / 3).Milliseconds(), ready)})
	if value, _ := got["result"].(map[string]any); value["value"] != "" {
		c.t.Fatalf("%v", got)
	}
	shot := c.call(session, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true})
	data, _ := shot["data"].(string)
	png, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(png) == 0 {
		c.t.Fatal("no picture: ", err)
	}
	c.call("", "Target.closeTarget", map[string]any{"targetId": target})
	return png
}
