package core_test

import "github.com/corskit/corskit/core"

// Codes of steps and browser verdicts. They must not change, because programs may
// rely on them.
const (
	stepRoute            core.Code = "route"
	stepNotCORS          core.Code = "kind-not-cors"
	stepActual           core.Code = "kind-actual"
	stepPreflight        core.Code = "kind-preflight"
	stepOriginMalformed  core.Code = "origin-malformed"
	stepOriginNull       core.Code = "origin-null"
	stepMethodSafelisted core.Code = "method-safelisted"
	stepMethodAllowed    core.Code = "method-allowed"
	stepMethodNotAllowed core.Code = "method-not-allowed" // core.CodeMethodNotAllowed
	stepMethodCase       core.Code = "method-case"
	stepHeaderAllowed    core.Code = "header-allowed"
	stepHeaderNotAllowed core.Code = "header-not-allowed" // core.CodeHeaderNotAllowed
	stepCredentials      core.Code = "credentials-allowed"
	stepNoCredentials    core.Code = "credentials-not-allowed"
	stepPrivateNetwork   core.Code = "private-network-allowed"
	stepRejected         core.Code = "rejected"
	stepHandler          core.Code = "handler-runs"
	stepAnswered         core.Code = "answered"
	browserReads         core.Code = "browser-reads"
	browserHides         core.Code = "browser-hides"
	browserSends         core.Code = "browser-sends"
	browserRefuses       core.Code = "browser-refuses"
	browserNotConcerned  core.Code = "browser-not-concerned"
)
