package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// override is a value of a file, or of the policy in the code, that a variable replaces.
type override struct {
	variable string
	place    Place
	text     string // the value in the file
}

// overridden returns, by path, the values of files that variables replace with different
// values. The last layer is that of the environment; the others are those of the files, or
// that of the policy in the code.
func overridden(layers []*layer) map[string]override {
	files, variables := layers[:len(layers)-1], layers[len(layers)-1]
	all := make(map[string]override)
	for path, s := range variables.settings {
		for _, file := range slices.Backward(files) {
			key, ok := replaced(file, path)
			if !ok {
				continue
			}
			if text := fmt.Sprint(file.at(key)); key != path || text != fmt.Sprint(variables.at(path)) {
				all[key] = override{s.variable, file.settings[key].place(-1), text}
			}
			break
		}
	}
	return all
}

// replaced returns the path of the setting in a file that a variable replaces: the path that
// the variable sets or, of allow_origins and origins_file, the other.
func replaced(file *layer, path string) (string, bool) {
	policy, key, _ := cutLast(path)
	paths := []string{path}
	switch key {
	case keyAllowOrigins:
		paths = append(paths, joinKey(policy, keyOriginsFile))
	case keyOriginsFile:
		paths = append(paths, joinKey(policy, keyAllowOrigins))
	}
	for _, p := range paths {
		if _, ok := file.settings[p]; ok {
			return p, true
		}
	}
	return "", false
}

// cutLast splits a path of keys around the last dot.
func cutLast(path string) (before, last string, ok bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// at returns the value at a path of names, or nil.
func (l *layer) at(path string) (value any) {
	value = l.values
	for key := range strings.SplitSeq(path, ".") {
		table, _ := value.(map[string]any)
		value = table[key]
	}
	return value
}

// notes returns a note for each value of a file that a variable overrides, in the order
// of the files, and then the note about methods and headers that are not set.
func (s *state) notes() (notes []*Warning) {
	for _, o := range s.overridden {
		notes = append(notes, &Warning{
			Place: o.place, Reason: reason.Overridden,
			Detail:     "has no effect, because the variable " + wording.Name(o.variable) + " is set",
			Suggestion: "change the variable, or unset it",
		})
	}
	slices.SortFunc(notes, func(a, b *Warning) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Key, b.Key))
	})
	if n := s.omitted(); n != nil {
		notes = append(notes, n)
	}
	return notes
}

// diffOverridden returns a line for each overridden value that changed in a file.
func diffOverridden(from, to *state) (lines []string) {
	for path, o := range to.overridden {
		if was, ok := from.overridden[path]; ok && was.text != o.text {
			lines = append(lines, wording.Foreign(path)+" changed without effect, because "+wording.Name(o.variable)+" is set")
		}
	}
	slices.Sort(lines)
	return lines
}
