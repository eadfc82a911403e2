// Package corpus has programs that configure CORS with the libraries that package migrate
// reads, and with middlewares of their own. Each function of its packages that is listed in
// Programs is one program, in a form that real programs have.
//
// The tests run each program next to what package migrate makes of it. Both get the requests
// of the same browsers, and the verdicts must differ exactly where the notes say so.
//
// There is nothing to import here, and the module is not released.
package corpus
