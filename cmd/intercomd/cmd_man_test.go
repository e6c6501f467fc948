package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/config"
)

const manFolder = "../../packaging/man/"

// The manual page has every command and flag, in the words of the help.
func TestManualOfCommandsIsCurrent(t *testing.T) {
	var b strings.Builder
	for _, cmd := range commands() {
		manCommand(&b, cmd)
	}
	checkGenerated(t, manFolder+"intercomd.1", fillManual(t, "intercomd.1.in", "@COMMANDS@", b.String()))
}

// The manual page has every key, in the words of package config.
func TestManualOfConfigurationIsCurrent(t *testing.T) {
	var b strings.Builder
	for _, key := range config.Describe() {
		manKey(&b, key)
	}
	checkGenerated(t, manFolder+"intercomd.yaml.5", fillManual(t, "intercomd.yaml.5.in", "@KEYS@", b.String()))
}

// groff reads both pages without a complaint.
func TestManualsAreWellFormed(t *testing.T) {
	for _, name := range []string{"intercomd.1", "intercomd.yaml.5"} {
		cmd := exec.CommandContext(t.Context(), "groff", "-man", "-ww", "-K", "utf8", "-T", "utf8", "-P", "-cbou", "-rLL=78n", manFolder+name)
		var out, complaints strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, complaints.String())
		}
		if !strings.Contains(out.String(), "DESCRIPTION") {
			t.Errorf("%s has no description", name)
		}
	}
}

// fillManual puts the generated part into a template.
func fillManual(t *testing.T, name, mark, generated string) string {
	t.Helper()
	template, err := os.ReadFile(manFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(template), mark+"\n")
	if !found {
		t.Fatalf("%s has no %s", name, mark)
	}
	return before + generated + after
}

func manCommand(b *strings.Builder, cmd command) {
	fs := cmd.flagSet()
	usage := strings.TrimSpace(cmd.name + " " + cmd.args)
	if fs.HasFlags() {
		usage += " [flags]"
	}
	fmt.Fprintf(b, ".SS %s\n", manQuoted(usage))
	manParagraphs(b, cmd.long)
	for _, f := range completedFlags(fs) {
		name := `\fB` + manText("--"+f.name) + `\fR`
		if f.short != "" {
			name = `\fB` + manText("-"+f.short) + `\fR, ` + name
		}
		if f.value != "" {
			name += ` \fI` + manText(f.value) + `\fR`
		}
		fmt.Fprintf(b, ".TP\n%s\n%s\n", name, manLine(f.usage))
	}
}

// manParagraphs writes a text of the help: lines that begin with a space are
// examples.
func manParagraphs(b *strings.Builder, text string) {
	separator, example := "", false
	for line := range strings.SplitSeq(text, "\n") {
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case line == "":
			separator = ".PP\n"
			continue
		case indented && !example:
			b.WriteString(".PP\n.EX\n")
		case !indented && example:
			b.WriteString(".EE\n")
			separator = ".PP\n"
		}
		if !indented {
			b.WriteString(separator)
		}
		b.WriteString(manLine(line) + "\n")
		separator, example = "", indented
	}
	if example {
		b.WriteString(".EE\n")
	}
}

func manKey(b *strings.Builder, key config.Key) {
	if strings.HasSuffix(key.Type, "table") || strings.HasSuffix(key.Type, "tables") {
		fmt.Fprintf(b, ".SS %s\n%s.\n", manQuoted(key.Path+" ("+key.Type+")"), manLine(key.Text))
		return
	}
	details := key.Type
	if key.Allowed != "" {
		details += "; " + key.Allowed
	}
	if key.Default != "" {
		details += "; default " + key.Default
	}
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR (%s)\n%s.\n", manText(key.Path), manText(details), manLine(key.Text))
}

// manLine escapes a line of text: a dot or quote at its beginning would be a
// request.
func manLine(s string) string {
	s = manText(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		return `\&` + s
	}
	return s
}

// manQuoted is the one argument of a request.
func manQuoted(s string) string {
	return `"` + strings.ReplaceAll(manText(s), `"`, `\(dq`) + `"`
}

// manText escapes what groff would change: a hyphen is to be typed as it stands.
func manText(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
}

func TestManualText(t *testing.T) {
	var b strings.Builder
	manParagraphs(&b, "One\n.two.\n\nThree:\n\n  a -b\n\nEnd")
	if want := "One\n\\&.two.\n.PP\nThree:\n.PP\n.EX\n  a \\-b\n.EE\n.PP\nEnd\n"; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if got, want := manQuoted(`a "b" \n`), `"a \(dqb\(dq \en"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
