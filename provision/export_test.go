package provision

// Accept is what a device does with the text of a code that it sees.
func (s *Setup) Accept(text string) error { return s.accept(text) }
