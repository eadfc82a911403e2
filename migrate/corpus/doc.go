// Package corpus has programs that configure CORS with the libraries that package migrate reads, or
// with hand-written middlewares. Each function of its packages that the tests list in programs is
// one program, in a form that real programs have.
//
// The tests run each program, and an application with the policy that package migrate makes from
// it. Both get requests from the same model of the browser, and the verdicts must differ exactly
// where the notes say so.
//
// There is nothing to import here, and the module is not released.
package corpus
