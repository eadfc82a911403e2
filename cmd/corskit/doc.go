// Command corskit checks, explains and tries out CORS configurations, and
// probes servers.
//
//	corskit demo                                 see CORS at work in your own browser
//	corskit init                                 write a commented starter file
//	corskit schema                               print a JSON Schema of the file
//	corskit check [FILE...]                      report what is wrong in files
//	corskit explain [FILE] --origin O            explain what a browser does, and why
//	corskit serve [FILE] --framework gin         try a policy out
//	corskit probe URL --origin O                 judge a running server
//	corskit conform URL [FILE]                   compare a running server with a file
//	corskit diff OLD [NEW]                       report what a change allows and refuses
//	corskit suggest [FILE] --from LOG            suggest the change that allows what was refused
//	corskit migrate [PACKAGES]                   translate CORS middlewares in Go into policies
//	corskit fleet push [FILE]                    give one policy to many replicas, through etcd
//
// The exit status is 0 if the answer is yes or nothing is wrong, 1 if the answer
// is no or something is wrong, and 2 if there is no answer: the command line is
// wrong, a file cannot be read, or a server cannot be reached.
//
// Package [github.com/corskit/corskit/config] reads the files,
// [github.com/corskit/corskit/core] makes the decisions, and the model of a
// browser in [github.com/corskit/corskit/conformance/browsermodel] judges them.
package main
