package main

import (
	"errors"
	"io"
)

// checkConfig prints every mistake of a configuration file.
func checkConfig(_, _ io.Writer, path string, _ map[string]string) error {
	return errors.New("check " + path + ": this build cannot read configurations")
}
