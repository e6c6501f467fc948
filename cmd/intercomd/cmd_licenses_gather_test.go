package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// licensed is a part of the program with the texts it is under.
type licensed struct {
	name, version string
	texts         []string
}

// licenseNames match the files that a license or a notice is in.
var licenseNames = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense)([.-].*)?$`)

// linkedPackage is what `go list` tells of a package.
type linkedPackage struct {
	Dir    string
	Module *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// gatherLicenses writes the whole text of `intercomd licenses`.
func gatherLicenses() (string, error) {
	parts, err := linkedModules("amd64", "arm64")
	if err != nil {
		return "", err
	}
	more, err := otherParts(parts)
	if err != nil {
		return "", err
	}
	parts = append(parts, more...)
	for _, p := range parts {
		if len(p.texts) == 0 {
			return "", fmt.Errorf("%s has no license", p.name)
		}
		for _, text := range p.texts {
			if spdx(text) == "" {
				return "", fmt.Errorf("%s has a license that nobody knows:\n%.300s", p.name, text)
			}
		}
	}
	return writeLicenses(parts), nil
}

// linkedModules are the modules that the program is built of, sorted by path.
func linkedModules(architectures ...string) ([]licensed, error) {
	found := map[string]*licensed{}
	for _, arch := range architectures {
		packages, err := listPackages(arch)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			if p.Module == nil || p.Module.Main {
				continue
			}
			if found[p.Module.Path] == nil {
				found[p.Module.Path] = &licensed{name: p.Module.Path, version: p.Module.Version}
			}
			if err := found[p.Module.Path].addTexts(p.Dir, p.Module.Dir); err != nil {
				return nil, err
			}
		}
	}
	parts := []licensed{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		part := found[name]
		if slices.ContainsFunc(part.texts, func(text string) bool { return spdx(text) == lgpl3 }) {
			if err := part.addFiles("cmd_licenses/gpl-3.txt"); err != nil {
				return nil, err
			}
		}
		parts = append(parts, *part)
	}
	return parts, nil
}

// listPackages are all packages in the program, the standard library's too. The
// tags are those of scripts/build.sh.
func listPackages(arch string) ([]linkedPackage, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,Module", "-tags", "netgo,osusergo,nethttpomithttp2", ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var list []linkedPackage
	for d := json.NewDecoder(out); ; {
		var p linkedPackage
		if err := d.Decode(&p); err == io.EOF {
			return list, cmd.Wait()
		} else if err != nil {
			return nil, cmp.Or(cmd.Wait(), err)
		}
		list = append(list, p)
	}
}

// addTexts takes the license files of a folder and of those above it, up to top.
// A folder LICENSES has the texts that the SPDX marks in files refer to; that of
// CC0 is left out, as nothing of it must be passed on.
func (l *licensed) addTexts(dir, top string) error {
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			names := []string{filepath.Join(dir, e.Name())}
			if e.Name() == "LICENSES" {
				names, _ = filepath.Glob(filepath.Join(dir, "LICENSES", "*.txt"))
			} else if e.IsDir() || !licenseNames.MatchString(e.Name()) {
				continue
			}
			if err := l.addFiles(names...); err != nil {
				return err
			}
		}
		if dir == top {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

func (l *licensed) addFiles(names ...string) error {
	for _, name := range names {
		if filepath.Base(name) == "CC0-1.0.txt" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if clean := cleanText(string(text)); !slices.Contains(l.texts, clean) {
			l.texts = append(l.texts, clean)
		}
	}
	return nil
}

// cleanText drops what makes two copies of a license differ without meaning it.
func cleanText(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \t\r\n\f") + "\n")
	}
	return strings.Trim(b.String(), "\n") + "\n"
}

// openh264Version is in the Makefile that built the archive in mediadevices.
var openh264Version = regexp.MustCompile(`(?m)^version := v(\S+)$`)

// otherParts are what is linked but is no module: Go itself and C libraries,
// whose texts are in the folder cmd_licenses; and the page's SDK.
func otherParts(modules []licensed) ([]licensed, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	goTexts := []string{}
	for _, name := range []string{"LICENSE", "PATENTS"} {
		goTexts = append(goTexts, filepath.Join(strings.TrimSpace(string(root)), name))
	}
	openh264, version, err := openh264Of(modules)
	if err != nil {
		return nil, err
	}
	parts := []licensed{{name: "Go", version: "-"}, {name: "openh264", version: version, texts: []string{openh264}}}
	if err := parts[0].addFiles(goTexts...); err != nil {
		return nil, err
	}
	for _, name := range []string{"gcc", "glibc", "libjpeg-turbo", "libopus", "libvpx", "quickblox"} {
		part := licensed{name: name, version: "-"}
		if err := part.addFiles(filepath.Join("cmd_licenses", name+".txt")); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// openh264Of returns license and version of the archive that mediadevices has.
func openh264Of(modules []licensed) (text, version string, err error) {
	const path = "github.com/pion/mediadevices"
	i := slices.IndexFunc(modules, func(l licensed) bool { return l.name == path })
	if i < 0 {
		return "", "", fmt.Errorf("%s is not linked", path)
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}/pkg/codec/openh264", path).Output()
	if err != nil {
		return "", "", err
	}
	makefile, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "Makefile"))
	if err != nil {
		return "", "", err
	}
	found := openh264Version.FindSubmatch(makefile)
	if found == nil {
		return "", "", fmt.Errorf("%s does not say which openh264 it has", path)
	}
	var l licensed
	err = l.addFiles(filepath.Join(strings.TrimSpace(string(dir)), "LICENSE"))
	return strings.Join(l.texts, "\n"), string(found[1]), err
}

// Version 3 of the LGPL is a supplement of the GPL, which must come with it.
const (
	lgpl3 = "LGPL-3.0-or-later"
	gpl3  = "GPL-3.0-or-later"
)

// marks are phrases by which a license is known, the more special ones first.
// A text may have several.
var marks = []struct{ id, phrase string }{
	{"LGPL-2.1-or-later", "GNU LESSER GENERAL PUBLIC LICENSE Version 2.1"},
	{lgpl3, "GNU LESSER GENERAL PUBLIC LICENSE Version 3"},
	{"GPL-3.0-or-later WITH GCC-exception-3.1", "GCC RUNTIME LIBRARY EXCEPTION"},
	{gpl3, "GNU GENERAL PUBLIC LICENSE Version 3"},
	{"LicenseRef-QuickBlox", "QuickBlox JavaScript SDK"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"Apache-2.0", "http://www.apache.org/licenses/"},
	{"IJG", "work of the Independent JPEG Group"},
	{"Zlib", "This software is provided 'as-is'"},
	{"MIT", "Permission is hereby granted, free of charge, to any person"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software"},
	{"ISC", "Permission to use, copy, modify, and distribute this software"},
	{"BSD-3-Clause", "Neither the name"},
	{"BSD-3-Clause", "neither the name"},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
	{"patent grant", "Additional IP Rights Grant (Patents)"},
	{"Apache-2.0", "Apache License, Version 2.0"},
	{"Unlicense", "This is free and unencumbered software"},
}

// spdx names the licenses in a text, "" when none is known.
func spdx(text string) string {
	flat := strings.Join(strings.Fields(text), " ")
	var ids []string
	for _, m := range marks {
		known := slices.Contains(ids, m.id) || m.id == "BSD-2-Clause" && slices.Contains(ids, "BSD-3-Clause")
		if !known && strings.Contains(flat, m.phrase) {
			ids = append(ids, m.id)
		}
	}
	return strings.Join(ids, " AND ")
}

// ids are the licenses of a part; a grant of patents is no license of its own,
// nor is the GPL where it only completes the LGPL.
func (l licensed) ids() string {
	var ids []string
	for _, text := range l.texts {
		for id := range strings.SplitSeq(spdx(text), " AND ") {
			completes := id == gpl3 && slices.Contains(ids, lgpl3)
			if !slices.Contains(ids, id) && id != "patent grant" && !completes {
				ids = append(ids, id)
			}
		}
	}
	return strings.Join(ids, " AND ")
}

const introduction = `What intercomd is made of, besides its own code under the Apache License 2.0.
Where no version stands, it is that of the release the program was built on;
the SBOM beside a release has it. The texts of the licenses follow the list.`

// writeLicenses puts list and texts together, each text once.
func writeLicenses(parts []licensed) string {
	var b strings.Builder
	b.WriteString(introduction + "\n\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	owners, order, layouts := map[string][]string{}, []string{}, map[string]string{}
	for _, p := range parts {
		fmt.Fprintf(table, "%s\t%s\t%s\n", p.name, p.version, p.ids())
		for _, text := range p.texts {
			text = sameLayout(text, layouts)
			if owners[text] == nil {
				order = append(order, text)
			}
			owners[text] = append(owners[text], p.name)
		}
	}
	table.Flush()
	for _, text := range order {
		fmt.Fprintf(&b, "%s%s:\n\n%s", licenseRule, strings.Join(owners[text], ", "), text)
	}
	return b.String()
}

// sameLayout gives each paragraph the line ends of the first one with the same
// words: copies of a license differ in them, and would be stored twice.
func sameLayout(text string, layouts map[string]string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		words := strings.Join(strings.Fields(p), " ")
		if layouts[words] == "" {
			layouts[words] = strings.Trim(p, "\n")
		}
		paragraphs[i] = layouts[words]
	}
	return strings.Join(paragraphs, "\n\n") + "\n"
}
