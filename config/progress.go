package config

// Phase is a part of loading that can take a while.
type Phase string

// Phases of a [Progress].
const (
	PhaseReading   Phase = "reading"   // a document is being read
	PhaseOrigins   Phase = "origins"   // the lines of an origins_file are being split
	PhaseCompiling Phase = "compiling" // the engine is being made; Total is the number of origins
)

// Progress says how far loading is, for people who wait for a list of a million
// origins.
type Progress struct {
	Phase Phase
	File  string // the document, but for PhaseCompiling
	Done  int    // of Total; both zero if that is not known
	Total int
}
