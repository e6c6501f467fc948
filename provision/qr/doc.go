// Package qr reads QR codes in pictures of a camera and draws them (ISO/IEC
// 18004).
//
// The package guarantees: no picture makes Decode panic or look at more than
// [MaxPixels] of it, which bounds its time; a text that Decode returns passed
// the code's error correction, and is at most 2953 bytes of valid UTF-8 without
// control characters. It does not guarantee to see a code that a person sees:
// docs and tests name the sizes that were tried.
package qr
