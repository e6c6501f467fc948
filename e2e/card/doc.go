// Package card tests what becomes of a memory card whose intercom.yaml an
// installer got wrong, with the program as it is built.
//
// Every folder below testdata is a card. The program has taken over a good
// configuration before, then `intercomd setup` meets the wrong card: it must
// write intercom.err with the text in the folder, which names the line and the
// key, leave the card's own files alone, and keep the configuration that it
// has, byte for byte. For some, `intercomd run` then starts with that
// configuration and serves its page. Cards called good-… must be taken over,
// without a message and with their secrets blanked.
//
// The tests are built with the tag e2e and need root: setup names the machine,
// so each runs in a namespace of its own. `go test -tags e2e ./e2e/card -update`
// writes the texts anew; read what changed before it is kept.
//
// Not covered: mounting and locking the card's partition (package provision
// has the calls), and cameras.
package card
