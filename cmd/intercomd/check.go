package main

import (
	"errors"
	"fmt"

	"github.com/intercomd/intercomd/config"
)

// checkConfig loads a configuration and prints every problem of it, a line for
// each, and every warning.
func checkConfig(c *cli, path string, overrides map[string]string) error {
	_, warnings, err := config.Load(path, c.environ, overrides)
	for _, w := range warnings {
		fmt.Fprintf(c.stderr, "warning: %s\n", harmless(w.String(), ""))
	}
	var wrong *config.Error
	if errors.As(err, &wrong) {
		for _, p := range wrong.Problems {
			fmt.Fprintln(c.stderr, harmless(p.String(), ""))
		}
		return fmt.Errorf("%s has %s", path, count(len(wrong.Problems), "problem"))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s is good\n", path)
	return err
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
