// Command guest is process 1 of the virtual board and, in a second process, the
// agent that does what the host asks for (package wire).
//
// Process 1 mounts the kernel's file systems, starts the agent and then only
// collects children. The agent loads modules, makes the simulated GPIO chip,
// sets up the network and opens the control channel; what fails on the way is
// told to the host in its hello. When the agent ends, process 1 ends, and the
// kernel panics: a dead board is noticed.
//
// It runs nowhere else: it expects the initramfs that package vm builds.
package main
