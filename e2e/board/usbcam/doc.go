// Command usbcam is a USB camera without hardware: it speaks USB/IP to the
// kernel's virtual host controller (vhci-hcd) over a socket pair, and the
// kernel's own uvcvideo driver binds to it. Its formats are H.264 (frame based)
// from a file and Motion JPEG of a pattern it draws, over a bulk endpoint.
//
//	usbcam --h264 FILE [--width 640 --height 360 --fps 15] [--jpeg-only] [--silent]
//
// The camera is plugged in while the program runs, and unplugged when it ends,
// however it ends. With --silent it never delivers a frame, with --jpeg-only it
// has no H.264.
//
// One goroutine owns the camera's state; another only reads from the socket.
package main
