package main

import (
	"fmt"
	"os"
	"path/filepath"

	"caisson/guest/interpreter"
	"caisson/guest/tool"
)

// commands are what this program is besides the agent: by the name that it is called by, or by its first word.
var commands = map[string]func(arguments []string) int{
	"interpreter": func(arguments []string) int {
		if err := interpreter.Main(arguments); err != nil {
			fmt.Fprintln(os.Stderr, "interpreter:", err)
			return 1
		}
		return 0
	},
	"tool": tool.Main,
}

// runCommand runs one of the commands, if it is meant. The first process of a machine is the agent, whatever the kernel calls it.
func runCommand(isFirst bool) (int, bool) {
	if isFirst {
		return 0, false
	}
	if command, ok := commands[filepath.Base(os.Args[0])]; ok {
		return command(os.Args[1:]), true
	}
	if len(os.Args) > 1 {
		if command, ok := commands[os.Args[1]]; ok {
			return command(os.Args[2:]), true
		}
	}
	return 0, false
}
