// Package disktest has a disk for tests of package provision whose power can be
// cut before any operation.
//
// It honours what the kernel promises and no more: until a file was synced, its
// content after a cut is the old one, the new one or any mixture of parts of the
// two, of either length; until a folder was synced, each change of its names
// happened or did not, independently of the others, except that a rename is
// either done or not. A file system that was locked, as by a read-only mount,
// refuses to be written, and locking it syncs it.
package disktest
