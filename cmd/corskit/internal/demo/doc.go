// Package demo shows CORS at work: an API under a policy, pages on three origins that call
// it, and a control page that frames them, tells each request as a story, and edits the
// policy.
//
// Everything listens on loopback, on three ports: the control page with the inspector, the
// API, and the calling pages. The origins of these pages need no DNS:
//
//   - http://localhost is listed in the policy. Every browser resolves it. Its site is that
//     of the API, so browsers send a cookie with SameSite=Lax.
//   - http://pr-7.localhost is allowed by a pattern. Chromium and Firefox resolve names below
//     localhost themselves; Safari asks the system, which may not know them. The control
//     page says so if the page does not load.
//   - http://127.0.0.1 is refused: the same machine and port, yet another origin.
//
// The verdicts are the browser's: the pages report what their scripts saw with postMessage,
// addressed to the origin of the control page. The headers are those on the wire: the
// listener of the API records what passes, in both directions. A request and its preflight
// have the same URL, so a query parameter connects them with the script. A header would turn
// simple requests into preflighted ones.
package demo
