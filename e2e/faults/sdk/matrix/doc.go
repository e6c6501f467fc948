// Command matrix plays the cuts of package sdk several times and prints a table
// of medians beside their goals. matrix.json has every value.
//
//	scripts/faults-matrix.sh
package main
