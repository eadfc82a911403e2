// Command corskit checks, explains and tries out CORS configurations, and
// probes servers.
//
//	corskit init                                 write a commented starter file
//	corskit schema                               print a JSON Schema of the file
//	corskit check FILE...                        say what is wrong in files
//	corskit explain FILE --origin O              say what a browser makes of a policy
//	corskit serve FILE --framework gin --watch   try a policy out
//	corskit probe URL --origin O                 judge a running server
//	corskit diff OLD NEW                         say what a change allows and refuses
//
// The exit status is 0 if the answer is yes, or there is nothing to complain
// of; 1 if it is no; 2 if there is no answer, because of how the command was
// called, of a file that cannot be read, or of a server that cannot be reached.
//
// Files are read by [github.com/corskit/corskit/config], decisions made by
// [github.com/corskit/corskit/core], and verdicts those of the model of a
// browser in [github.com/corskit/corskit/conformance].
package main
