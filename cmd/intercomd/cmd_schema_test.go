package main

import (
	"bytes"
	"testing"

	"github.com/intercomd/intercomd/config"
)

func TestSchemaCommand(t *testing.T) {
	var out bytes.Buffer
	if err := setupSchema(newFlagSet("schema"))(t.Context(), &cli{stdout: &out}, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), config.Schema()) || out.Len() == 0 {
		t.Errorf("got %d bytes, want the schema", out.Len())
	}
}
