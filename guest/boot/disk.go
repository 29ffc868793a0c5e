package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	blocks     = "/sys/block"
	disksMax   = 10 * time.Second
	disksRetry = 5 * time.Millisecond
)

// findDisk finds the device of a disk by its serial: names of devices depend on what else there is. A disk may come a little later
// than the driver of its kind.
func findDisk(directory, serial string) (string, error) {
	for deadline := time.Now().Add(disksMax); time.Now().Before(deadline); time.Sleep(disksRetry) {
		files, err := filepath.Glob(filepath.Join(directory, "*", "serial"))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err == nil && strings.TrimRight(string(text), "\x00\n ") == serial {
				return filepath.Join("/dev", filepath.Base(filepath.Dir(file))), nil
			}
		}
	}
	return "", fmt.Errorf("no disk has the serial %s", serial)
}
