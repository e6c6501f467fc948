package main

import (
	"compress/gzip"
	"context"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// packedLicenses is what scripts/licenses.sh wrote, see licenseParts.
//
//go:embed cmd_licenses.txt.gz
var packedLicenses string

func setupLicenses(fs *pflag.FlagSet) action {
	short := fs.Bool("short", false, "only list name, version and license of each part")
	return func(_ context.Context, c *cli, args []string) error {
		if len(args) > 0 {
			return usagef("too many arguments")
		}
		text, err := unpackLicenses(packedLicenses)
		if err != nil {
			return err
		}
		if *short {
			_, text, _ = licenseParts(text)
		}
		_, err = io.WriteString(c.stdout, text)
		return err
	}
}

// unpackLicenses returns the text of a gzip file.
func unpackLicenses(packed string) (string, error) {
	r, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		return "", fmt.Errorf("read licenses: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("read licenses: %w", err)
	}
	return string(text), nil
}

// licenseRule stands between the table and the texts, and between the texts.
const licenseRule = "\n==============================================================================\n"

// licenseParts takes the licenses apart: what is said about them, a table of one
// line for each part of the program (name, version, license as SPDX names it),
// and the texts.
func licenseParts(text string) (introduction, table, texts string) {
	head, texts, _ := strings.Cut(text, licenseRule)
	introduction, table, _ = strings.Cut(head, "\n\n")
	return introduction, table, texts
}
