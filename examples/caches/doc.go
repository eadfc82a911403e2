// Package caches shows how to use response caches with the middleware. Its tests compare
// docs/caches.md with what the packages named there really do.
package caches
