package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"slices"
	"strings"
	"testing"
)

// maxPackedLicenses is what the texts may add to the program, in bytes.
const maxPackedLicenses = 40 << 10

// The embedded texts are those of exactly the modules that are linked.
// With UPDATE=1 in the environment they are written anew (scripts/licenses.sh).
func TestLicensesAreCurrent(t *testing.T) {
	want, err := gatherLicenses()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") == "1" {
		writePacked(t, "cmd_licenses.txt.gz", want)
		return
	}
	got, err := unpackLicenses(packedLicenses)
	if err != nil {
		t.Fatal(err)
	}
	if got == want {
		return
	}
	_, gotTable, _ := licenseParts(got)
	_, wantTable, _ := licenseParts(want)
	for line := range strings.Lines(wantTable) {
		if !strings.Contains(gotTable, line) {
			t.Errorf("not in the licenses: %s", strings.TrimSpace(line))
		}
	}
	t.Error("the licenses are not those of the program: run scripts/licenses.sh")
}

func writePacked(t *testing.T, name, text string) {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxPackedLicenses {
		t.Fatalf("the licenses are %d bytes, at most %d", b.Len(), maxPackedLicenses)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLicensesCommand(t *testing.T) {
	var out bytes.Buffer
	if err := setupLicenses(newFlagSet("licenses"))(t.Context(), &cli{stdout: &out}, nil); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	intro, table, texts := licenseParts(text)
	if !strings.Contains(intro, "Apache License 2.0") || !strings.Contains(texts, "GNU LESSER GENERAL PUBLIC LICENSE") {
		t.Errorf("introduction %q, texts of %d bytes", intro, len(texts))
	}
	for _, want := range []string{"github.com/pion/webrtc/v4", "Go ", "openh264 ", "libopus ", "libvpx ", "libjpeg-turbo ", "glibc "} {
		if !strings.Contains("\n"+table, "\n"+want) {
			t.Errorf("%q is not in\n%s", want, table)
		}
	}

	out.Reset()
	fs := newFlagSet("licenses")
	do := setupLicenses(fs)
	if err := fs.Parse([]string{"--short"}); err != nil {
		t.Fatal(err)
	}
	if err := do(t.Context(), &cli{stdout: &out}, nil); err != nil || out.String() != table {
		t.Errorf("--short: error %v, and\n%s\nwant\n%s", err, out.String(), table)
	}
	if err := do(t.Context(), &cli{stdout: &out}, []string{"x"}); err == nil || err.Error() != "too many arguments" {
		t.Errorf("an argument: %v", err)
	}
}

func TestDamagedLicenses(t *testing.T) {
	for _, packed := range []string{"", "no gzip", packedLicenses[:1000]} {
		if text, err := unpackLicenses(packed); err == nil || !strings.HasPrefix(err.Error(), "read licenses: ") {
			t.Errorf("%.10q gave %.20q and %v", packed, text, err)
		}
	}
}

func TestLicensesAreTold(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"All rights reserved.", ""},
		{"Permission is hereby granted,\n  free of charge, to any person", "MIT"},
		{"Redistribution and use in source and binary forms", "BSD-2-Clause"},
		{"Redistribution and use in source and binary forms … Neither the name of", "BSD-3-Clause"},
		{"http://www.apache.org/licenses/ and Permission is hereby granted, free of charge, to any person", "Apache-2.0 AND MIT"},
	}
	for _, tt := range tests {
		if got := spdx(tt.text); got != tt.want {
			t.Errorf("%q is %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestLicenseTextsStandOnce(t *testing.T) {
	mit := cleanText("Permission is hereby granted, free of charge, to any person \r\n\n")
	text := writeLicenses([]licensed{{"a", "v1", []string{mit}}, {"bb", "v2.0", []string{mit}}})
	_, table, texts := licenseParts(text)
	if want := "a   v1    MIT\nbb  v2.0  MIT\n"; table != want {
		t.Errorf("table\n%swant\n%s", table, want)
	}
	if want := "a, bb:\n\n" + mit; texts != want {
		t.Errorf("texts %q, want %q", texts, want)
	}
	if !slices.Equal(strings.Fields(mit)[:2], []string{"Permission", "is"}) || strings.ContainsAny(mit, "\r") {
		t.Errorf("clean text is %q", mit)
	}
}
