// Package caches shows how to use response caches with the middleware. Its tests hold
// docs/caches.md to what the packages named there really do.
package caches
