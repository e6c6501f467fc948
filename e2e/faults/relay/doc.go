// Package relay spoils a network in user space, where the kernel has no netem:
// a [Wire] between two network namespaces, and a TCP [Proxy].
//
// Both carry two directions, each with a [Rule] of its own that may be changed
// while traffic flows. The package guarantees:
//   - The n-th frame of a direction (of the n-th connection of a Proxy) meets
//     the same fate for the same seed and rule, whatever the clock does and
//     whatever passes the other way. How a TCP stream falls into segments is the
//     kernel's choice.
//   - Frames keep their order, but for those that Rule.Reorder picks.
//   - Memory is bounded: a Wire drops what waits for longer than a router would
//     keep it, a Proxy stops reading.
//   - Run blocks, and when it returns no goroutine, socket or interface is left.
//
// A Proxy is not a network: its own kernel acknowledges what it holds back, and
// a connection begun while Rule.Hole is set is accepted and then silent. What
// TCP itself does in a black hole is seen on a Wire only. A Wire needs root, a
// Proxy does not.
package relay
