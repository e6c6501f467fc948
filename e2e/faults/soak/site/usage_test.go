package site

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadUsageOfThisProcess(t *testing.T) {
	before, err := ReadUsage(os.Getpid())
	require.NoError(t, err)
	kept := make([]byte, 32<<20)
	for i := range kept {
		kept[i] = byte(i)
	}
	after, err := ReadUsage(os.Getpid())
	require.NoError(t, err)
	assert.Greater(t, after.Peak-before.Memory, int64(len(kept)/2), "%d bytes were written", len(kept))
	assert.GreaterOrEqual(t, after.CPU, before.CPU)
	assert.NotZero(t, kept[1])
}

func TestReadUsageOfNobody(t *testing.T) {
	_, err := ReadUsage(-1)
	assert.Error(t, err)
}
