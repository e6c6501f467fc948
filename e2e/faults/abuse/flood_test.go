package abuse

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestFloodKeepsItsRate(t *testing.T) {
	for _, rate := range []int{1, 20, 500, 20000} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			next := 0
			sent, err := flood(ctx, rate, func(i int) error {
				assert.Equal(t, next, i)
				next++
				return nil
			})
			assert.NoError(t, err)
			assert.InDelta(t, 10*rate, sent, float64(rate)/50+1)
		})
	}
}

func TestFloodEndsWithTheFirstError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		sent, err := flood(t.Context(), 100, func(i int) error {
			if i == 7 {
				return refused
			}
			return nil
		})
		assert.ErrorIs(t, err, refused)
		assert.Equal(t, 7, sent)
	})
}
