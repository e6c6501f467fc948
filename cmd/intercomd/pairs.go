package main

import "strings"

// parsePairs reads key=value arguments. The first '=' splits, so a value may
// hold more of them; a value may be empty, a key may not, and none may come
// twice. Every error is a usage error.
func parsePairs(args []string) (map[string]string, error) {
	if len(args) == 0 {
		return nil, nil
	}
	pairs := make(map[string]string, len(args))
	for _, arg := range args {
		key, value, found := strings.Cut(arg, "=")
		if !found {
			return nil, usagef("%q is not key=value", arg)
		}
		if key == "" {
			return nil, usagef("%q has no key before the '='", arg)
		}
		if _, twice := pairs[key]; twice {
			return nil, usagef("key %q is given twice", key)
		}
		pairs[key] = value
	}
	return pairs, nil
}
