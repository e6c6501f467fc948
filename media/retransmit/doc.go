// Package retransmit answers negative acknowledgements (RFC 4585 6.2.1) within
// a budget.
//
// pion's own responder sends whatever is asked for, so on a link that is too
// narrow the repetitions crowd out the stream. This one guarantees: a packet
// older than 500 ms is not sent again, one packet not twice within 20 ms, and
// repetitions stay below a quarter of the bytes of the stream itself, after an
// initial allowance of 32 kB. Of a peer's requests only four are looked at for
// each packet sent, after a first thousand.
package retransmit
