// Package deptest checks who imports whom in a module. The rules of this one
// are in its test, and told to people in docs/ARCHITECTURE.md.
//
// It reads the import clauses of all Go files that are not tests, whatever
// their build tags, so that no file escapes by its operating system or
// architecture. It starts no other program.
//
// Further tests of it check that what docs names exists: Go names, files, unit
// tests and end-to-end scenarios.
package deptest
