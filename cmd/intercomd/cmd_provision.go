package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/provision"
	"github.com/intercomd/intercomd/provision/qr"
)

// provisionOptions is the command line of provision.
type provisionOptions struct {
	answers    answers
	output     string
	force      bool
	noAsk      bool
	picture    string
	onTerminal bool
}

func setupProvision(fs *pflag.FlagSet) action {
	var o provisionOptions
	o.answers.addFlags(fs)
	fs.StringVarP(&o.output, "output", "o", "intercom.yaml", "`file` to write, or the folder where the card is mounted; - for standard output")
	fs.BoolVar(&o.force, "force", false, "replace the file if there is one")
	fs.BoolVar(&o.noAsk, "no-questions", false, "ask nothing; what is needed must be given by flags")
	fs.StringVar(&o.picture, "qr", "", "also write a QR code to a PNG `file`, for the camera of the device")
	fs.BoolVar(&o.onTerminal, "qr-terminal", false, "also draw the QR code on the terminal")
	return func(ctx context.Context, c *cli, args []string) error {
		if len(args) > 0 {
			return usagef("too many arguments")
		}
		return runProvision(ctx, c, o)
	}
}

// runProvision makes a configuration of flags and answers and writes it.
func runProvision(ctx context.Context, c *cli, o provisionOptions) error {
	target, err := outputPath(o.output, o.force)
	if err == nil {
		err = picturePath(o.picture, target, o.force)
	}
	if err != nil {
		return err
	}
	a := o.answers
	if err := a.readSecrets(); err != nil {
		return err
	}
	if !o.noAsk && isTerminal(c.stdin) {
		if err := a.ask(ctx, newAsker(c.stdin, c.stderr)); err != nil {
			return err
		}
	}
	document, err := a.document()
	if err != nil {
		return err
	}
	text, err := document.yaml()
	if err != nil {
		return err
	}
	if err := checkProvisioned(c, text); err != nil {
		return err
	}
	if err := writeProvisioned(c.stdout, target, text); err != nil {
		return err
	}
	if o.picture != "" || o.onTerminal {
		if err := drawCode(c, o, document); err != nil {
			return err
		}
	}
	next(c.stderr, target, o)
	return nil
}

// checkProvisioned reads the configuration as the device will.
func checkProvisioned(c *cli, text []byte) error {
	_, warnings, err := config.Read("answers", text, "/", nil, nil)
	for _, w := range warnings {
		fmt.Fprintf(c.stderr, "warning: %s\n", harmless(w.String(), ""))
	}
	if err != nil {
		return fmt.Errorf("nothing written, because the device would refuse it:\n%w", err)
	}
	return nil
}

// writeProvisioned writes the file for its owner only, whole or not at all.
func writeProvisioned(stdout io.Writer, target string, text []byte) (err error) {
	if target == "-" {
		_, err := stdout.Write(text)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".intercom-*.yaml") // mode 0600
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write configuration: %w", errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), target)
}

// codeScale is how many pixels a module of the PNG has.
const codeScale = 8

// drawCode draws the QR code of a configuration.
func drawCode(c *cli, o provisionOptions, d document) error {
	payload, err := provision.Payload(d)
	if err != nil {
		return err
	}
	code, err := qr.Encode(payload)
	if err != nil {
		return err
	}
	if len(payload) > qr.MaxReadable {
		fmt.Fprintf(c.stderr, "warning: the QR code holds %d bytes; up to %d are read at an angle as well. "+
			"Hold it straight and large before the camera, or use the card.\n", len(payload), qr.MaxReadable)
	}
	if o.onTerminal {
		if _, err := io.WriteString(c.stdout, code.Terminal()); err != nil {
			return fmt.Errorf("draw QR code: %w", err)
		}
	}
	if o.picture == "" {
		return nil
	}
	if err := writeProvisioned(c.stdout, o.picture, code.PNG(codeScale)); err != nil {
		return fmt.Errorf("write QR code to %s: %w", o.picture, err)
	}
	return nil
}

// next says what is to be done now.
func next(w io.Writer, target string, o provisionOptions) {
	if target != "-" {
		fmt.Fprintf(w, "\n%s is written. It holds passwords: keep it to yourself.\n", target)
		if filepath.Base(target) != "intercom.yaml" {
			fmt.Fprintln(w, "On the card it has to be called intercom.yaml.")
		}
		fmt.Fprint(w, `
Next:
  1. Copy it to the partition INTERCOM of the card, unless it is there already,
     and eject the card safely.
  2. Put the card into the device and switch it on.
  3. When the device has taken it over, the passwords on the card read (stored).
     If something is wrong, the card has a file intercom.err that says what.
`)
	}
	if o.picture != "" || o.onTerminal {
		fmt.Fprint(w, `
The QR code holds the same passwords. Show it to the camera, as large as the
picture allows, at the first start of the device; later only after the button
was held for 3 to 10 seconds while the device started. Then delete the picture.
`)
	}
}
