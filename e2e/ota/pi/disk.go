package pi

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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

// start is where a primary partition, 1 to 4, begins, in bytes.
func (c Card) start(partition int) (int64, error) {
	f, err := os.Open(c.Path)
	if err != nil {
		return 0, fmt.Errorf("open card: %w", err)
	}
	defer f.Close()
	table := make([]byte, sector)
	if _, err := io.ReadFull(f, table); err != nil {
		return 0, fmt.Errorf("read partition table of %s: %w", c.Path, err)
	}
	return partitionStart(table, partition)
}

// partitionStart reads the first sector of a disk. An entry has 16 bytes, the
// first from 446 on; its first sector is the little-endian number at 8.
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
