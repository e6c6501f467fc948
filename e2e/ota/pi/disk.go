package pi

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Card is the image of a card with an MBR and FAT partitions. Nobody else may
// have it open while it is used.
type Card struct {
	// Path is the image's file.
	Path string
}

const sector = 512

// start is where a partition begins, in bytes: 1 to 4 are in the MBR, those from
// 5 on in the chain of tables of the extended one, partition 4.
func (c Card) start(partition int) (int64, error) {
	f, err := os.Open(c.Path)
	if err != nil {
		return 0, fmt.Errorf("open card: %w", err)
	}
	defer f.Close()
	table := make([]byte, sector)
	read := func(at int64) error {
		if _, err := f.ReadAt(table, at); err != nil {
			return fmt.Errorf("read partition table of %s: %w", c.Path, err)
		}
		return nil
	}
	if err := read(0); err != nil {
		return 0, err
	}
	if partition <= 4 {
		return partitionStart(table, partition)
	}
	extended, err := partitionStart(table, 4)
	at := extended
	for n := 5; err == nil; n++ {
		if err = read(at); err != nil {
			break
		}
		if n == partition {
			start, err := partitionStart(table, 1)
			return at + start, err
		}
		var next int64
		next, err = partitionStart(table, 2)
		at = extended + next
	}
	return 0, err
}

// partitionStart reads a partition table. An entry has 16 bytes, the first from
// 446 on; its first sector is the little-endian number at 8.
func partitionStart(table []byte, partition int) (int64, error) {
	switch {
	case len(table) < sector || table[510] != 0x55 || table[511] != 0xAA:
		return 0, errors.New("read partition table: no MBR")
	case partition < 1 || partition > 4:
		return 0, fmt.Errorf("read partition table: partition %d is none of 1 to 4", partition)
	}
	entry := table[446+16*(partition-1):]
	first := binary.LittleEndian.Uint32(entry[8:12])
	if entry[4] == 0 || first == 0 {
		return 0, fmt.Errorf("read partition table: partition %d is empty", partition)
	}
	return int64(first) * sector, nil
}

// Holds says whether a partition begins with the content of a file.
func (c Card) Holds(partition int, path string) (bool, error) {
	start, err := c.start(partition)
	if err != nil {
		return false, err
	}
	want, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("read image: %w", err)
	}
	f, err := os.Open(c.Path)
	if err != nil {
		return false, fmt.Errorf("open card: %w", err)
	}
	defer f.Close()
	got := make([]byte, len(want))
	if _, err := f.ReadAt(got, start); err != nil {
		return false, fmt.Errorf("read partition %d: %w", partition, err)
	}
	return bytes.Equal(got, want), nil
}

// Committed is the boot partition of an ordinary start.
func (c Card) Committed(ctx context.Context) (int, error) {
	text, err := c.ReadFile(ctx, 1, "autoboot.txt")
	if err != nil {
		return 0, err
	}
	return bootPartition(text, false)
}

// ReadFile reads a file of a FAT partition.
func (c Card) ReadFile(ctx context.Context, partition int, name string) ([]byte, error) {
	return c.mtools(ctx, nil, "mcopy", partition, name, "-")
}

// WriteFile replaces a file of a FAT partition, as a PC does in which the card
// was put.
func (c Card) WriteFile(ctx context.Context, partition int, name string, data []byte) error {
	_, err := c.mtools(ctx, data, "mcopy", partition, "-", name)
	return err
}

// Remove removes a file of a FAT partition.
func (c Card) Remove(ctx context.Context, partition int, name string) error {
	_, err := c.mtools(ctx, nil, "mdel", partition, name)
	return err
}

// mtools runs a command of mtools with names below the partition's root; "-"
// is standard input or output.
func (c Card) mtools(ctx context.Context, in []byte, command string, partition int, names ...string) ([]byte, error) {
	start, err := c.start(partition)
	if err != nil {
		return nil, err
	}
	args := []string{"-i", fmt.Sprintf("%s@@%d", c.Path, start)}
	if command == "mcopy" {
		args = append(args, "-n", "-o", "-D", "o")
	}
	for _, name := range names {
		if name != "-" {
			name = "::" + name
		}
		args = append(args, name)
	}
	cmd := exec.CommandContext(ctx, command, args...)
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s on partition %d: %w: %s", command, strings.Join(names, " "), partition, err, strings.TrimSpace(problems.String()))
	}
	return out.Bytes(), nil
}
