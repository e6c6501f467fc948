// Package jpeg decodes the pictures of MJPEG cameras with libjpeg-turbo: baseline
// JPEG to 4:2:0, without conversion to RGB.
//
// A picture comes from outside, so the package guarantees: any bytes give a
// picture or an error; an error inside the library never leaves C by anything
// but a return value; nothing is written outside the destination; and the work
// is bounded by its size: the picture must have exactly that size, and
// progressive and arithmetic coding, whose work is not bounded by it, are
// refused. Pictures without Huffman tables, as most cameras send them, get the
// standard ones (ITU-T T.81 annex K.3).
//
// A picture that is damaged is an error, though part of it may have been
// written.
package jpeg
