#!/usr/bin/env bash
# Runs the door and its LAN server on this machine: the handset page is on
# http://localhost:8080, Enter in this terminal presses the button, Ctrl-C ends
# it. PORT=n takes another port.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${PORT:-8080}
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
sed -e "s|127.0.0.1:8080|127.0.0.1:$port|" -e "s|/run/intercomd/control.sock|$run/control.sock|" packaging/demo.yaml >"$run/demo.yaml"
cat <<EOF

  The door is starting. Open  http://localhost:$port  in a browser: that is Anna's handset.
  Enter    press the button        Ctrl-C   end

EOF
bin/intercomd run --config "$run/demo.yaml"
