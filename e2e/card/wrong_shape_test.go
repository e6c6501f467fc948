//go:build e2e

package card

// shapes are files that are no YAML, or not the YAML that was meant.
func shapes() []wrongCard {
	return []wrongCard{
		{folder: "tab-indent", names: []string{"intercom.yaml:4", "tab"}, serves: true},
		{folder: "tab-after-spaces", names: []string{"intercom.yaml:24", "tab"}},
		{folder: "quote-not-closed", names: []string{"intercom.yaml:25", "quot"}, serves: true},
		{folder: "quote-typographic", names: []string{"intercom.yaml:25", "network.wifi.password", "“"}},
		{folder: "quote-typographic-number", names: []string{"intercom.yaml:9", "quickblox.user_id", "“"}},
		{folder: "quote-apostrophe", names: []string{"intercom.yaml:4", "quot"}},
		{folder: "indent-too-far", names: []string{"intercom.yaml:9", "quickblox", "line 8"}},
		{folder: "indent-missing", names: []string{"intercom.yaml:9", "user_id", "quickblox"}},
		{folder: "indent-list", names: []string{"intercom.yaml:15"}},
		{folder: "no-space-after-colon", names: []string{"intercom.yaml:26", "country", "space"}, serves: true},
		{folder: "no-colon", names: []string{"intercom.yaml:22", "colon"}},
		{folder: "equals-sign", names: []string{"intercom.yaml:22", "colon"}},
		{folder: "json-comma", names: []string{"intercom.yaml:2", "comma"}},
		{folder: "list-without-dash", names: []string{"intercom.yaml:11", "contacts", "-"}},
		{folder: "two-documents", names: []string{"intercom.yaml:29", "---"}},
		{folder: "alias-bomb", names: []string{"intercom.yaml:1", "aliases"}},
		{folder: "deep", names: []string{"intercom.yaml"}},
	}
}

// texts are files that a text editor did not write, or not as UTF-8.
func texts() []wrongCard {
	return []wrongCard{
		{folder: "no-break-space", names: []string{"intercom.yaml:22", "space"}},
		{folder: "no-break-space-after-colon", names: []string{"intercom.yaml:22", "space"}},
		{folder: "latin-1", names: []string{"intercom.yaml:4", "UTF-8"}},
		{folder: "utf-16", names: []string{"intercom.yaml", "UTF-16", "UTF-8"}},
		{folder: "empty", names: []string{"intercom.yaml"}, serves: true},
		{folder: "only-comments", names: []string{"intercom.yaml"}},
		{folder: "binary", names: []string{"intercom.yaml", "text"}, serves: true},
		{folder: "word-document", names: []string{"intercom.yaml", "text"}},
		{folder: "rich-text", names: []string{"intercom.yaml", "text"}},
		{folder: "huge", names: []string{"intercom.yaml", "1048576 bytes"}},
	}
}

// names are files that are not called intercom.yaml.
func names() []wrongCard {
	return []wrongCard{
		{folder: "name-with-txt", names: []string{"intercom.yaml.txt"}},
		{folder: "name-yml", names: []string{"intercom.yml"}},
		{folder: "name-copy", names: []string{"intercom (1).yaml"}},
		{folder: "name-two-files", names: []string{"intercom.yaml.txt"}},
	}
}
