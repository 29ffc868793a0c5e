// Package python holds the files by which programs in Python run and call tools.
package python

import "embed"

// Files are those of the package caisson.
//
//go:embed caisson/*.py
var Files embed.FS
