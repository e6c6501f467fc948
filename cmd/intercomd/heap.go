package main

/*
#include <malloc.h>

// boundArenas is mallopt(3). C libraries without arenas need no bound.
static void boundArenas(void) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
}
*/
import "C"

// boundHeap has everything that is written in C share one heap. The C library
// would otherwise give each thread that asks one of its own, up to eight for
// every core, and an encoder's worth of memory would stay in each of them: the
// runtime opens the encoders of each call on another thread.
func boundHeap() { C.boundArenas() }
