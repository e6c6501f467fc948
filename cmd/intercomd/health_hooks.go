//go:build !testhooks

package main

import "github.com/intercomd/intercomd/intercom"

// hooks are none outside of tests of the watchdog.
func hooks(*front) []intercom.Task { return nil }
