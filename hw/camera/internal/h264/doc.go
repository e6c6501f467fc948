// Package h264 looks into H.264 byte streams (ITU-T H.264 annex B): where NAL
// units and access units begin, which pictures are key frames, how large they
// are.
//
// Streams come from files and from cameras that anybody may have plugged in.
// The package guarantees that any bytes give an answer or an error, in time
// and memory bounded by their length.
package h264
