// Package board tests intercomd on a virtual board: an emulated arm64 machine
// with the kernel's own camera, encoder, sound, GPIO and watchdog drivers (see
// package vm).
//
// TestDrivers runs the driver packages' own tests there, those in files
// NAME_board_test.go with the build tag board. TestScenario plays whole stories:
// the shipping arm64 program on the board, Prosody and Chromium with the real
// QuickBlox SDK on the other side of its network cable.
//
// The tests carry the build tag e2e and need root; scripts/e2e-board.sh prepares
// and runs them:
//
//	scripts/e2e-board.sh                            # all
//	SCENARIO=press-accept-stop scripts/e2e-board.sh # those whose name matches
//	BOARD_CALL_MINUTES=20 SCENARIO=long-call scripts/e2e-board.sh
//	BOARD_CUTS=2,5,12,29,35,45 SCENARIO=cut scripts/e2e-board.sh
//
// In the scenarios named cut the board's cable is pulled in a call; the board's
// kernel tells the door, the client notices nothing but silence. Each prints a
// row of a Markdown table. What both sides are told, and in which order, is
// judged strictly, its times with an allowance for the emulation. In a spoilt
// network the board's own netem impairs what the board sends, and package relay
// what it receives.
//
// The board has no clock that keeps up with a busy machine, so times are
// printed, and asserted only where a promise is made about them.
package board
