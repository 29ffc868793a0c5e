package tool

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

func flagLine(f flag, root *object) string {
	own := f.name[strings.LastIndex(f.name, ".")+1:]
	isRequired := ""
	if slices.Contains(required(f.above, root), own) {
		isRequired = " (required)"
	}
	allowed := describe(f.property, root)
	if isOfType(f.property, root, "array") {
		allowed = describe(find(f.property, root, "items"), root) + "; may be repeated"
	}
	words := ""
	if description, ok := find(f.property, root, "description").(string); ok {
		words = "\n      " + strings.ReplaceAll(strings.TrimSpace(description), "\n", "\n      ")
	}
	return fmt.Sprintf("  --%s  %s%s%s\n", f.name, allowed, isRequired, words)
}

// help says what a tool does, and which flags it takes.
func help(tool known, root *object) string {
	var text strings.Builder
	fmt.Fprintf(&text, "usage: tool %s [--flag VALUE]... [--json OBJECT|-]\n\n", tool.Path)
	if tool.Description != "" {
		text.WriteString(strings.TrimSpace(tool.Description) + "\n\n")
	}
	flags := flagsOf(root, root, "", 0)
	if len(flags) == 0 {
		text.WriteString("It takes no flags.\n")
		return text.String()
	}
	text.WriteString("Flags:\n")
	for _, f := range flags {
		text.WriteString(flagLine(f, root))
	}
	return text.String()
}

// distance is how many letters differ, about.
func distance(left, right string) int {
	row := make([]int, len(right)+1)
	for i := range row {
		row[i] = i
	}
	for at := 1; at <= len(left); at++ {
		next := make([]int, len(right)+1)
		next[0] = at
		for to := 1; to <= len(right); to++ {
			cost := 1
			if left[at-1] == right[to-1] {
				cost = 0
			}
			next[to] = min(next[to-1]+1, row[to]+1, row[to-1]+cost)
		}
		row = next
	}
	return row[len(right)]
}

const (
	nearMax     = 3
	wantedMax   = 256
	differences = 2
)

func last(name string) string { return strings.ToLower(name[strings.LastIndex(name, ".")+1:]) }

// hint says which tools are like one that is not there.
func hint(path string, tools []known) string {
	wanted := strings.ToLower(path[:min(len(path), wantedMax)])
	type scored struct {
		name  string
		score int
	}
	var near []scored
	for _, tool := range tools {
		score := 0
		if !strings.Contains(strings.ToLower(tool.Path), wanted) && last(tool.Path) != last(wanted) {
			score = distance(wanted, strings.ToLower(tool.Path))
		}
		if score <= max(differences, len(wanted)/3) {
			near = append(near, scored{tool.Path, score})
		}
	}
	if near == nil {
		return `see "tool --list"`
	}
	sort.SliceStable(near, func(a, b int) bool { return near[a].score < near[b].score })
	var names []string
	for _, tool := range near[:min(len(near), nearMax)] {
		names = append(names, tool.name)
	}
	return "did you mean " + strings.Join(names, " or ") + "?"
}
