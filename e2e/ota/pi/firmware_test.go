package pi

import (
	"strings"
	"testing"
)

const bothSlots = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"

func TestBootPartition(t *testing.T) {
	for _, c := range []struct {
		name, text string
		tryboot    bool
		want       int
		problem    string
	}{
		{name: "committed", text: bothSlots, want: 2},
		{name: "on trial", text: bothSlots, tryboot: true, want: 3},
		{name: "before a filter", text: "boot_partition=3\n", want: 3},
		{name: "filter none", text: bothSlots + "[none]\nboot_partition=1\n", want: 2},
		{name: "Windows line ends", text: strings.ReplaceAll(bothSlots, "\n", "\r\n"), tryboot: true, want: 3},
		{name: "empty", problem: "boot_partition is 0"},
		{name: "no number", text: "boot_partition=two\n", problem: "invalid syntax"},
		{name: "no A/B", text: "boot_partition=2\n", tryboot: true, problem: "no tryboot_a_b=1"},
		{name: "too long", text: bothSlots + strings.Repeat("#", 512), problem: "more than 512"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := bootPartition([]byte(c.text), c.tryboot)
			if got != c.want {
				t.Errorf("partition %d, want %d", got, c.want)
			}
			if problem := ""; c.problem != "" || err != nil {
				if err != nil {
					problem = err.Error()
				}
				if c.problem == "" || !strings.Contains(problem, c.problem) {
					t.Errorf("error %q, want %q", problem, c.problem)
				}
			}
		})
	}
}

func TestSettings(t *testing.T) {
	const text = "kernel=Image\ninitramfs initramfs.gz followkernel\n" +
		"[boot_partition=2]\ncmdline=cmdline_a.txt\n[boot_partition=3]\ncmdline=cmdline_b.txt\n[pi4]\nkernel=other\n[all]\ngpu_mem=64 # comment\n"
	for partition, cmdline := range map[int]string{2: "cmdline_a.txt", 3: "cmdline_b.txt"} {
		got := settings([]byte(text), partition)
		for key, want := range map[string]string{"cmdline": cmdline, "kernel": "Image", "initramfs": "initramfs.gz", "gpu_mem": "64"} {
			if got[key] != want {
				t.Errorf("partition %d: %s is %q, want %q", partition, key, got[key], want)
			}
		}
	}
}

func TestPartitionStart(t *testing.T) {
	table := make([]byte, sector)
	table[510], table[511] = 0x55, 0xAA
	table[446+16+4], table[446+16+8+1] = 0x0C, 0x40 // partition 2 at sector 16384
	if got, err := partitionStart(table, 2); err != nil || got != 16384*sector {
		t.Errorf("partition 2 at %d, %v", got, err)
	}
	for partition, problem := range map[int]string{1: "is empty", 0: "none of 1 to 4", 5: "none of 1 to 4"} {
		if _, err := partitionStart(table, partition); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("partition %d: error %v, want %q", partition, err, problem)
		}
	}
	if _, err := partitionStart(table[:100], 1); err == nil || !strings.Contains(err.Error(), "no MBR") {
		t.Errorf("short table: error %v", err)
	}
}
