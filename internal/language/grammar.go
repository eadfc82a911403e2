package language

import "strings"

// originChars are the characters of origins, in the order in which examples prefer them.
const originChars = "abcdefghijklmnopqrstuvwxyz0123456789-_.:/[]+ABCDEFGHIJKLMNOPQRSTUVWXYZ"

var inOrigins = func() (s charset) {
	for _, c := range []byte(originChars) {
		s.add(c)
	}
	return s
}()

// place is a position in the grammar of origins, read from the end. If exact is set, the
// grammar accepts exactly what [origin.Parse] does. Otherwise it accepts more: places then
// count neither the lengths of labels, hosts and schemes nor the pieces of IPv6 addresses,
// so there are far fewer places.
type place struct {
	phase phase
	port  port
	upper bool // an upper-case letter in the host
	bad   bool // the host ends in a number but is not an IPv4 address
	name  name
	ipv6  ipv6

	scheme scheme
	exact  bool
	label  uint8 // the length of the current label
	host   uint8 // the length of the host
	length uint8 // the length of the scheme
}

type phase uint8

const (
	inPort     phase = iota // in the digits of a port, at the end
	beforeHost              // at the end of the host
	inName                  // in a host name or IPv4 address
	inIPv6
	afterHost  // "/" follows
	afterSlash // "/" follows
	afterSlashes
	inScheme
)

// starts returns the places at the end of an origin.
func starts(exact bool) []place {
	return []place{{phase: beforeHost, exact: exact}, {phase: inPort, port: newPort, exact: exact}}
}

// step returns the place to the left of c. ok is false if no origin has c at place p.
func (p place) step(c byte) (next place, ok bool) {
	switch p.phase {
	case inPort:
		if c == ':' {
			p.phase = beforeHost
			return p, p.port.end()
		}
		return p, p.port.digit(c)
	case beforeHost:
		p.host = 0
		if c == ']' {
			p.phase = inIPv6
			return p, true
		}
		p.phase = inName
		p.name = newName
		return p, p.hostChar(c)
	case inName:
		return p, p.hostChar(c)
	case inIPv6:
		ok = !p.exact
		if c == '[' {
			ok = ok || p.ipv6.end()
			p.phase, p.ipv6 = afterHost, ipv6{}
			return p, ok
		}
		if ok {
			return p, p.ipv6.digit(c)
		}
		return p, p.ipv6.step(c)
	case afterHost:
		p.phase = afterSlash
		return p, c == '/'
	case afterSlash:
		p.phase = afterSlashes
		return p, c == '/'
	case afterSlashes:
		p.phase = inScheme
		return p, c == ':'
	default:
		if p.exact {
			if p.length++; p.length > maxScheme {
				return p, false
			}
		}
		return p, p.scheme.step(c)
	}
}

// Limits of [origin.Parse].
const (
	maxScheme = 64
	maxHost   = 253
	maxLabel  = 63
)

// hostChar reads a character of a name, or the "/" before the name.
func (p *place) hostChar(c byte) bool {
	switch {
	case c == '/' || c == '.':
		if p.name.empty {
			return false
		}
		p.name.endLabel()
		p.label = 0
		if c == '/' {
			p.bad = p.name.number && !p.name.isIPv4()
			p.phase, p.name, p.host = afterSlash, name{}, 0
			return true
		}
		p.name.empty = true
	case 'A' <= c && c <= 'Z':
		p.upper = true
		p.name.read(c)
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		p.name.read(c)
	default:
		return false
	}
	if !p.exact {
		return true
	}
	if p.host++; c != '.' {
		p.label++
	}
	return p.host <= maxHost && p.label <= maxLabel
}

// accepts reports whether an origin may begin here.
func (p place) accepts() bool {
	if p.phase != inScheme || !p.scheme.complete() {
		return false
	}
	special, defaultPort := p.scheme.special()
	return !special || !p.upper && !p.bad && p.port.number != defaultPort
}

// web reports whether the scheme, which is complete, is http or https.
func (p place) web() bool {
	return p.scheme.read == readHTTP || p.scheme.read == readHTTPS
}

// port is a port, read from its end: a number from 1 to 65535 without leading zeros.
type port struct {
	digits  uint8
	zero    bool // the last digit read is 0
	greater bool // the digits read are greater than the last ones of 65535
	number  portNumber
}

// portNumber says what the digits read of a port are: a default port, the end of one, or
// any other port.
type portNumber uint8

const (
	noPort portNumber = iota
	otherPort
	port21
	port80
	port443
)

var newPort = port{number: otherPort}

// candidates are the default ports, read from their end.
var candidates = map[portNumber]string{port21: "12", port80: "08", port443: "344"}

func (p *port) digit(c byte) bool {
	if c < '0' || '9' < c || p.digits == 5 {
		return false
	}
	limit := "53556"[p.digits]
	p.greater = c > limit || c == limit && p.greater
	p.zero = c == '0'
	p.number = p.candidate(c)
	p.digits++
	return true
}

// candidate returns the default port that may end in c and the digits read.
func (p *port) candidate(c byte) portNumber {
	for number, text := range candidates {
		if int(p.digits) < len(text) && text[p.digits] == c && (p.digits == 0 || p.number == number) {
			return number
		}
	}
	return otherPort
}

// end reads the colon before the port.
func (p *port) end() bool {
	ok := p.digits > 0 && !p.zero && (p.digits < 5 || !p.greater)
	number := p.number
	if number != otherPort && len(candidates[number]) != int(p.digits) {
		number = otherPort
	}
	*p = port{number: number}
	return ok
}

// name is a host name or IPv4 address, read from its end.
type name struct {
	empty  bool // no character of the current label has been read
	number bool // the last label is a number (URL Standard, ends-in-a-number checker)
	last   numeral
	ipv4   ipv4
}

// numeral is the kind of number that the characters read of the last label may be the end
// of.
type numeral uint8

const (
	unread    numeral = iota // nothing has been read
	decimal                  // a decimal number
	hex                      // the digits of a hexadecimal number
	hexX                     // "x" and such digits
	hexNumber                // a hexadecimal number
	noNumeral                // no number, or the label has ended
)

var newName = name{empty: true}

func (n *name) read(c byte) {
	n.empty = false
	n.ipv4.read(c)
	digit, hexLetter := '0' <= c && c <= '9', 'a' <= c && c <= 'f'
	switch {
	case n.last == noNumeral:
	case n.last == hexX && c == '0':
		n.last = hexNumber
	case n.last == hexX, n.last == hexNumber:
		n.last = noNumeral
	case c == 'x':
		n.last = hexX
	case digit && n.last != hex:
		n.last = decimal
	case digit || hexLetter:
		n.last = hex
	default:
		n.last = noNumeral
	}
}

func (n *name) endLabel() {
	n.number = n.number || n.last == decimal || n.last == hexNumber
	n.last = noNumeral
	n.ipv4.endLabel()
}

func (n *name) isIPv4() bool { return !n.ipv4.broken && n.ipv4.octets == 4 }

// ipv4 is an IPv4 address in its canonical form, read from its end.
type ipv4 struct {
	broken  bool
	octets  uint8 // the number of complete octets
	digits  uint8 // read of the current octet
	zero    bool  // the last digit read is 0
	greater bool  // the digits read are greater than the last ones of 255
}

func (a *ipv4) read(c byte) {
	if a.broken || c < '0' || '9' < c || a.digits == 3 || a.octets == 4 {
		*a = ipv4{broken: true}
		return
	}
	limit := "552"[a.digits]
	a.greater = c > limit || c == limit && a.greater
	a.zero = c == '0'
	a.digits++
}

func (a *ipv4) endLabel() {
	if a.broken || a.zero && a.digits > 1 || a.digits == 3 && a.greater {
		*a = ipv4{broken: true}
		return
	}
	*a = ipv4{octets: a.octets + 1}
}

// ipv6 is an IPv6 address as the URL Standard serializes it, read from its end.
type ipv6 struct {
	at     ipv6Place
	digits uint8 // read of the current piece
	zero   bool  // the last digit read is 0
	after  bool  // "::" has been read, and no piece since
	zeroed bool  // the last complete piece is 0

	gap   bool     // "::" has been read
	right uint8    // complete pieces to the right of "::", or all of them without "::"
	left  uint8    // complete pieces to the left of "::"
	run   uint8    // the length of the run of zero pieces that the last complete one belongs to
	most  [2]uint8 // the longest runs to the right and to the left of "::"
}

type ipv6Place uint8

const (
	atIPv6End ipv6Place = iota
	halfGap             // the last ":" of an address that ends in "::"
	inPiece
	afterColon // to the left of the ":" between two pieces
	afterGap   // to the left of "::"
)

// digit is the inexact form of step: it only counts the digits of the current piece, up to
// one more than maxPiece.
func (a *ipv6) digit(c byte) bool {
	if c == ':' {
		a.digits = 0
		return true
	}
	a.digits = min(a.digits+1, maxPiece+1)
	return isHex(c)
}

// maxPiece is the largest number of digits of a piece.
const maxPiece = 4

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }

func (a *ipv6) step(c byte) bool {
	isHex := isHex(c)
	switch {
	case isHex && a.at == halfGap:
		return false
	case isHex && a.at == inPiece:
		a.digits++
		a.zero = c == '0'
		return a.digits <= maxPiece
	case isHex:
		a.at, a.digits, a.zero = inPiece, 1, c == '0'
		return true
	case c != ':':
		return false
	}
	switch a.at {
	case atIPv6End:
		a.at = halfGap
	case inPiece:
		a.at = afterColon
		return a.endPiece()
	case halfGap, afterColon:
		if a.gap || a.zeroed {
			return false // two gaps, or a piece that belongs to the gap
		}
		a.at, a.gap, a.after, a.run = afterGap, true, true, 0
	default:
		return false
	}
	return true
}

func (a *ipv6) endPiece() bool {
	if a.digits > 1 && a.zero || a.right+a.left == 8 {
		return false
	}
	a.zeroed = a.zero
	side := 0
	if a.gap {
		side = 1
		a.left++
	} else {
		a.right++
	}
	if a.zeroed && a.after {
		return false // it belongs to the gap
	}
	a.after = false
	if a.run++; !a.zeroed {
		a.run = 0
	}
	a.most[side] = max(a.most[side], a.run)
	a.digits, a.zero = 0, false
	return true
}

// end reads the bracket at the beginning. "::" must replace the longest run of two or
// more zero pieces; if several runs are the longest, the first.
func (a *ipv6) end() bool {
	if a.at == inPiece {
		if !a.endPiece() {
			return false
		}
	} else if a.at != afterGap {
		return false
	}
	pieces := a.right + a.left
	if !a.gap {
		return pieces == 8 && a.most[0] < 2
	}
	return pieces <= 6 && a.most[0] <= 8-pieces && a.most[1] < 8-pieces
}

// scheme is a scheme, read from its end.
type scheme struct {
	read   reading
	letter bool // the last character read is a letter
}

// reading says which part of a scheme has been read: the end of a special scheme, or
// other characters.
type reading uint8

const (
	nothing reading = iota
	otherScheme
	readP    // ...p
	readTP   // ...tp
	readTTP  // ...ttp
	readHTTP // http
	readFTP  // ftp
	readS    // ...s
	readPS
	readTPS
	readTTPS
	readHTTPS
	readWS
	readSS
	readWSS
)

// follow has the next reading for each reading and character. All other characters lead to
// otherScheme.
var follow = map[reading]map[byte]reading{
	nothing:  {'p': readP, 's': readS},
	readP:    {'t': readTP},
	readTP:   {'t': readTTP, 'f': readFTP},
	readTTP:  {'h': readHTTP},
	readS:    {'p': readPS, 'w': readWS, 's': readSS},
	readPS:   {'t': readTPS},
	readTPS:  {'t': readTTPS},
	readTTPS: {'h': readHTTPS},
	readSS:   {'w': readWSS},
}

func (s *scheme) step(c byte) bool {
	s.letter = 'a' <= c && c <= 'z'
	if !s.letter && (c < '0' || '9' < c) && strings.IndexByte("+-.", c) < 0 {
		return false
	}
	if next, ok := follow[s.read][c]; ok {
		s.read = next
	} else {
		s.read = otherScheme
	}
	return true
}

func (s scheme) complete() bool { return s.letter }

// special reports whether the scheme, which is complete, is special, and returns its
// default port.
func (s scheme) special() (special bool, defaultPort portNumber) {
	switch s.read {
	case readHTTP, readWS:
		return true, port80
	case readHTTPS, readWSS:
		return true, port443
	case readFTP:
		return true, port21
	}
	return false, noPort
}
