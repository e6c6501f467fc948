// Package uapi is what linux/videodev2.h, linux/v4l2-controls.h,
// linux/uvcvideo.h and linux/dma-buf.h say, in Go: structures, ioctl numbers
// and constants, as far as cameras and memory-to-memory codecs need them.
// Constants keep the kernel's names so that they can be looked up.
//
// It guarantees that sizes, offsets and numbers are those of the C headers on
// amd64 and arm64, which a test compiles and compares. ioctl numbers are
// computed from the sizes, so a wrong structure makes a wrong number.
//
// A union is a byte array with a method per member, except v4l2_buffer.m: what
// the garbage collector must see as a pointer is one ([Buffer]), and what is a
// number is one ([BufferWord]).
package uapi
