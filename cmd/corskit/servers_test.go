package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways"
)

// realServer is a server that is installed.
type realServer struct {
	target    string
	binary    string
	address   string // as Export writes it
	prefix    string // of the file
	arguments func(dir, file string) []string
}

var realServers = []realServer{
	{
		target: "nginx", binary: "nginx", address: "listen 8080;",
		prefix: "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n" +
			"client_body_temp_path b;\nproxy_temp_path p;\nfastcgi_temp_path f;\nuwsgi_temp_path u;\nscgi_temp_path s;\n",
		arguments: func(dir, file string) []string { return []string{"-p", dir, "-c", file} },
	},
	{
		target: "haproxy", binary: "haproxy", address: "bind :8080",
		prefix:    "defaults\n    timeout client 10s\n    timeout server 10s\n    timeout connect 10s\n",
		arguments: func(_, file string) []string { return []string{"-db", "-f", file} },
	},
	{
		target: "caddy", binary: "caddy", address: ":8080 {",
		prefix:    "{\n\tadmin off\n\tauto_https off\n}\n",
		arguments: func(_, file string) []string { return []string{"run", "--adapter", "caddyfile", "--config", file} },
	},
}

// text returns the file of a server: what Export wrote, or a file with the same addresses.
func (s realServer) text(written, listen, application string) string {
	address := map[string]string{
		"nginx": "listen " + listen + ";", "haproxy": "bind " + listen, "caddy": "http://" + listen + " {",
	}[s.target]
	text := s.prefix + strings.NewReplacer(s.address, address, "127.0.0.1:8081", application).Replace(written)
	if s.target == "nginx" {
		text += "}\n"
	}
	return text
}

// installed returns the path of a server, or skips the test.
func (s realServer) installed(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath(s.binary)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + s.binary)
	}
	switch {
	case err == nil:
	case os.Getenv("CORSKIT_SERVERS") == "require":
		t.Fatalf("%v; install it with: apt-get install nginx-light haproxy caddy", err)
	default:
		t.Skipf("%v; to test with real servers: apt-get install nginx-light haproxy caddy", err)
	}
	return path
}

// attempts is how often a port may be taken by another process before the server has it.
const attempts = 5

// start runs a server with a file that Export wrote, in front of an application that knows
// nothing of CORS, and returns its URL.
func (s realServer) start(t *testing.T, written string) string {
	t.Helper()
	path := s.installed(t)
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Application", "yes")
		w.Header().Set("Vary", "Accept")
		_, _ = io.WriteString(w, "application")
	}))
	t.Cleanup(application.Close)
	var reason string
	for range attempts {
		var url string
		if url, reason = s.try(t, path, written, application.Listener.Addr().String()); reason == "" {
			return url
		}
	}
	t.Fatalf("%s does not start: %s\n%s", s.binary, reason, written)
	return ""
}

// try runs a server on a port that the kernel just gave. The reason is empty if the server answers.
func (s realServer) try(t *testing.T, path, written, application string) (url, reason string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	_ = l.Close()
	dir := t.TempDir()
	file := write(t, dir, "server.conf", s.text(written, listen, application))
	var output bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, s.arguments(dir, file)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &output, &output
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := func() {
		cancel()
		<-ended
	}
	if reason = answers(listen, ended); reason != "" {
		cancel()
		return "", reason + ": " + output.String()
	}
	t.Cleanup(stop)
	return "http://" + listen + "/", ""
}

// answers waits until a server accepts connections, and returns why it does not.
func answers(address string, ended chan error) string {
	deadline := time.After(limit / 2)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return ""
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Sprintf("it ended: %v", err)
		case <-deadline:
			return fmt.Sprintf("no connection within %v: %v", limit/2, err)
		case <-tick.C:
		}
	}
}

// serverFiles are policies for real servers.
var serverFiles = map[string]string{
	"credentials": `version: 1
policies:
  spa:
    allow_origins: ["https://app.example.com", "https://*.pr.example.com", "http://localhost:3000-3010"]
    allow_methods: [PUT, DELETE]
    allow_headers: [authorization, content-type]
    expose_headers: [etag]
    allow_credentials: true
    max_age: 10m
`,
	"several": `version: 1
policies:
  partners:
    allow_origins: ["https://pr-*.example.com", "regexp:https://[a-z]+[.]example[.]org", "https://a.example."]
    allow_headers: [x-a]
    reject_disallowed: true
  spa:
    allow_origins: ["https://app.example.com", "@loopback", "capacitor://localhost", "app://."]
    allow_methods: ["*"]
    allow_headers: ["*"]
    allow_credentials: true
    allow_private_network: true
`,
	"public": `version: 1
policies:
  expressions:
    allow_origins: ["regexp:https://(?i:a|b[^c]|\\w{2,3})[.]example[.]com(?::\\d+)?", "null"]
    dangerously_allow_null_origin: true
    allow_methods: [QUERY]
    max_age: disabled
  public:
    allow_origins: ["*"]
    allow_methods: ["*"]
    allow_headers: ["*", authorization]
    expose_headers: ["*"]
`,
}

// Real servers that run an export do what its file says, and answer as the models do.
func TestRealServers(t *testing.T) {
	t.Parallel()
	for name, file := range serverFiles {
		if testing.Short() && name != "several" {
			continue
		}
		for _, s := range realServers {
			t.Run(s.target+"/"+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				write(t, dir, "cors.yaml", file)
				export := corskit(t, dir, "export", "cors.yaml", "--to", s.target)
				if export.code != exitYes {
					t.Fatalf("%+v", export)
				}
				url := s.start(t, export.stdout)
				if r := corskit(t, dir, "conform", url, "cors.yaml", "--no-env"); r.code != exitYes {
					t.Errorf("%s\n%s\n%s", r.stdout, r.stderr, export.stdout)
				}
				s.checkModel(t, url, export.stdout)
			})
		}
	}
}

// Real servers with handwritten files answer as the models do.
func TestRealServersWithOtherFiles(t *testing.T) {
	t.Parallel()
	for _, s := range realServers {
		t.Run(s.target, func(t *testing.T) {
			t.Parallel()
			files, err := filepath.Glob("testdata/servers/" + s.target + "*")
			if err != nil || len(files) == 0 {
				t.Fatal("no files", err)
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				s.checkModel(t, s.start(t, string(text)), string(text))
			}
		})
	}
}

// checkModel compares the answers of a server with those of its model.
func (s realServer) checkModel(t *testing.T, url, text string) {
	t.Helper()
	target, _ := gateways.Find(s.target)
	model, err := target.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	asked, wrong := 0, 0
	for _, r := range modelRequests(model.Facts(), strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/")) {
		want, got := model.Answer(r), sendTo(t, url, r)
		if diff := compareAnswer(got, want); diff != "" {
			if wrong++; wrong <= 5 {
				t.Errorf("%+v: %s", r, diff)
			}
		}
		asked++
	}
	if wrong > 0 {
		t.Logf("%d of the answers differ; the file:\n%s", wrong, text)
	}
	t.Logf("%d requests", asked)
}

// modelRequests are requests for origins of each pattern, near each, and for each kind of request.
func modelRequests(f gateways.Facts, host string) (list []core.Request) {
	origins := []string{"", "null", "https://stranger.invalid", "app://.", "file://", "http://" + host, "https://a.example."}
	for _, e := range f.Origins {
		examples, err := core.Examples(e)
		if core.IsOrigin(e) {
			examples, err = []string{e}, nil
		}
		if err != nil {
			continue
		}
		for _, o := range examples {
			origins = append(origins, o, o+".evil.test", strings.Replace(o, "://", "://x", 1), strings.Replace(o, ".", "x", 1))
		}
	}
	slices.Sort(origins)
	for _, o := range slices.Compact(origins) {
		for _, method := range []string{"GET", "OPTIONS", "PUT", "QUERY"} {
			r := core.Request{Method: method, Host: host, Path: "/", SecFetchSite: []string{"cross-site"}}
			if o != "" {
				r.Origin = []string{o}
			}
			list = append(list, r)
			if method == "GET" {
				continue
			}
			r.Method = "OPTIONS"
			r.AccessControlRequestMethod = []string{method}
			list = append(list, r)
			r.AccessControlRequestHeaders = []string{"authorization,x-a"}
			r.AccessControlRequestPrivateNetwork = []string{"true"}
			r.SecFetchSite = nil
			list = append(list, r)
		}
	}
	return list
}

// sendTo sends a request and returns the answer.
func sendTo(t *testing.T, url string, r core.Request) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.Method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, lines := range map[string][]string{
		"Origin": r.Origin, "Access-Control-Request-Method": r.AccessControlRequestMethod,
		"Access-Control-Request-Headers":         r.AccessControlRequestHeaders,
		"Access-Control-Request-Private-Network": r.AccessControlRequestPrivateNetwork, "Sec-Fetch-Site": r.SecFetchSite,
	} {
		request.Header[name] = lines
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response
}

// compareAnswer returns how an answer differs from that of a model.
func compareAnswer(got *http.Response, want gateways.Answer) string {
	if reached := got.Header.Get("X-Application") != ""; reached != want.Reached {
		return fmt.Sprintf("the application gets it: %v, want %v", reached, want.Reached)
	}
	if !want.Reached && got.StatusCode != want.Status {
		return fmt.Sprintf("status %d, want %d", got.StatusCode, want.Status)
	}
	for name := range core.ResponseHeaders() {
		value, _ := want.Header.Get(name)
		if sent := strings.Join(got.Header.Values(name), ", "); sent != value {
			return fmt.Sprintf("%s: %q, want %q", name, sent, value)
		}
	}
	vary, _ := want.Header.Get("Vary")
	if sent := strings.Join(got.Header.Values("Vary"), ","); core.ListHas(sent, "Origin") != core.ListHas(vary, "Origin") {
		return fmt.Sprintf("Vary: %q, want %q", sent, vary)
	}
	return ""
}
