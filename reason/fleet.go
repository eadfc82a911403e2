package reason

// Reasons of the errors of fleet. It also uses TooLarge, for a head or bundle.
const (
	Unsigned       Reason = "unsigned"        // a head without a signature, although keys are configured
	WrongSignature Reason = "wrong-signature" // a head without a valid signature of a configured key
	Replayed       Reason = "replayed"        // a head with a lower revision than one seen before
	Conflicting    Reason = "conflicting"     // a head that differs from the one seen before with the same revision
	Tampered       Reason = "tampered"        // a blob or file without the expected SHA-256 or size
	MissingBlob    Reason = "missing-blob"    // etcd does not have a blob that the head needs
	Malformed      Reason = "malformed"       // a head, manifest or file name that is not valid
	Version        Reason = "version"         // a head or manifest that a newer version of package fleet wrote
	WrongFleet     Reason = "wrong-fleet"     // a head that was signed for another prefix
	RefusedPolicy  Reason = "refused-policy"  // the configuration has faults; Err joins a *config.Error for each
	Unavailable    Reason = "unavailable"     // etcd cannot be reached or has no leader
	Permission     Reason = "permission"      // etcd refuses the user or the password
	Cache          Reason = "cache"           // the copy on disk cannot be read or written
	Emptied        Reason = "emptied"         // the head is empty, or was deleted
	NoHead         Reason = "no-head"         // nothing has been pushed yet
	NoRollout      Reason = "no-rollout"      // the head has no rollout to change
	Exhausted      Reason = "exhausted"       // there is no higher revision
)
