package config

// Progress reports how far loading is, for users who wait for a list of a million
// origins.
type Progress struct {
	// Phase is "reading" while a document is read, "origins" while the lines of an
	// origins_file are split, and "compiling" while the engine is made. Total then
	// is the number of origins.
	Phase string
	File  string // the document; empty while compiling
	Done  int    // of Total; both are zero if unknown
	Total int
}

// Phases of a [Progress].
const (
	phaseReading   = "reading"
	phaseOrigins   = "origins"
	phaseCompiling = "compiling"
)
