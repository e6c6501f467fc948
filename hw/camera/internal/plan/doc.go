// Package plan decides how pictures come from a camera to an encoder.
//
// It is pure: [Make] takes what a machine has ([Machine]) and what is wanted
// ([Want]) and returns a [Choice] with the route, those to fall back to, and
// the reasons. It opens nothing, and the same values give the same choice.
//
// Of a camera's sizes the one that comes nearest to the wanted one is taken if
// it moves, that is at 10 frames a second or more; below that, a smaller and
// faster one.
//
// It guarantees that a node that is not a camera (a codec, a scaler, metadata,
// the raw Bayer receiver of a CSI camera) is never taken for one, and that an
// error says what was found instead and what to do. It does not guarantee that
// a route works: drivers promise sizes they then refuse, so whoever starts a
// route goes on with the next one when it fails.
package plan
