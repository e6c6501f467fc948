// Package cameratest helps tests that look at pictures of the simulated camera.
//
// It guarantees that [FrameNumber] never takes a picture of something else for
// one of the test pattern because of a single wrong cell.
package cameratest
