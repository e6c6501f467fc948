package pi

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry writes a partition's entry into a table: its type and first sector.
func entry(table []byte, partition int, first uint32) {
	table[510], table[511] = 0x55, 0xAA
	at := 446 + 16*(partition-1)
	table[at+4] = 0x83
	binary.LittleEndian.PutUint32(table[at+8:], first)
}

// TestCardHolds lays out an MBR with two logical partitions: their tables are
// at sectors 10 and 20, their content a sector behind.
func TestCardHolds(t *testing.T) {
	disk := make([]byte, 30*sector)
	entry(disk, 4, 10)
	entry(disk[10*sector:], 1, 1)
	entry(disk[10*sector:], 2, 10) // counted from the extended partition
	entry(disk[20*sector:], 1, 1)
	copy(disk[11*sector:], "root A")
	copy(disk[21*sector:], "root B")
	dir := t.TempDir()
	card := Card{Path: filepath.Join(dir, "card")}
	image := filepath.Join(dir, "image")
	for path, data := range map[string][]byte{card.Path: disk, image: []byte("root B")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for partition, want := range map[int]bool{5: false, 6: true} {
		if got, err := card.Holds(partition, image); got != want || err != nil {
			t.Errorf("partition %d holds the image: %t, %v", partition, got, err)
		}
	}
	if _, err := card.Holds(7, image); err == nil || !strings.Contains(err.Error(), "partition 2 is empty") {
		t.Errorf("partition 7: error %v", err)
	}
	if _, err := card.Holds(1, image); err == nil || !strings.Contains(err.Error(), "partition 1 is empty") {
		t.Errorf("partition 1: error %v", err)
	}
	if err := os.WriteFile(image, bytes.Repeat([]byte("x"), len(disk)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := card.Holds(6, image); err == nil {
		t.Error("an image behind the end of the card: no error")
	}
}
