#!/usr/bin/env bash
# Runs the door and its LAN server on this machine: the handset page is on
# http://localhost:8080, Enter in this terminal presses the button, Ctrl-C ends
# it.
#
# PORT  another port for the page
set -euo pipefail
cd "$(dirname "$0")/.."
port=${PORT:-8080}
socket=${TMPDIR:-/tmp}/intercomd-demo-$(id -u)-$port.sock

if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
	echo "demo: port $port is taken; PORT=n make demo takes another" >&2
	exit 1
fi
cat <<EOF

  The door is starting. Open  http://localhost:$port  in a browser: that is Anna's handset.
  Enter    press the button        Ctrl-C   end
  Commands are for another terminal: bin/intercomd --socket $socket events

EOF
# In place of this shell, so that a signal to it ends the door.
exec bin/intercomd run --config packaging/demo.yaml \
	--set "lan.listen=127.0.0.1:$port" --set "control.socket=$socket"
