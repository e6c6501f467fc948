// Package quickblox translates between [call.Signal] and the stanzas of the
// QuickBlox Video Calling protocol, as the JavaScript SDK 2.23.0 sends and
// understands them: an XMPP message of type headline whose extraParams element
// carries moduleIdentifier WebRTCVideoChat (SDK: qbWebRTCSignalingProvider.js,
// qbWebRTCSignalingProcessor.js). docs/protocol.md describes the wire.
//
// The package guarantees:
//
//   - A stanza that [Codec.Encode] returns makes no SDK client throw. The SDK
//     loses its headline handler to an exception and hears nothing more until
//     it reconnects, so what would cause one is an error here: candidates
//     without a candidate, a call without opponents or initiator, a
//     description of an unknown type.
//   - There is no white space between elements, and a description is one text
//     node: the SDK takes white space among opponents for users.
//   - The sender of a decoded signal is who the server says it is: the `from`
//     of the stanza, which must be a user of the codec's own application and
//     domain. What the stanza itself claims (callerID) is never used for that.
//   - [Codec.Decode] takes hostile input: it bounds size, depth, number of
//     elements and every field, knows no entities but XML's own five, refuses
//     document type declarations, and never panics.
//   - Decode(Encode(s)) gives s again, with lines of descriptions ended by LF
//     and characters that XML cannot carry replaced by U+FFFD.
//
// It does not keep state and may be used from several goroutines. It decides
// nothing: whether a signal fits a session is the business of package call.
package quickblox
