# Completion of intercomd for bash, written by "intercomd completion bash".
_intercomd() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local command="" flags="--config --socket" words="run check-config devices selftest press relay call accept reject stop mute unmute provision schema update licenses completion setup status events version help" files="" i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--config | --socket) i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]} && break ;;
		esac
	done
	case $command in
	"") ;;
	run) flags="--config --set" words="" files="" ;;
	check-config) flags="--config --set" words="" files="yes" ;;
	devices) flags="--config --json" words="" files="" ;;
	selftest) flags="--config --picture --wait" words="" files="" ;;
	press) flags="--config --socket" words="" files="" ;;
	relay) flags="--config --socket" words="" files="" ;;
	call) flags="--audio --bandwidth --conference --config --ext --socket" words="" files="" ;;
	accept) flags="--config --ext --socket" words="" files="" ;;
	reject) flags="--config --ext --socket" words="" files="" ;;
	stop) flags="--config --ext --socket" words="" files="" ;;
	mute) flags="--config --socket --video" words="" files="" ;;
	unmute) flags="--config --socket --video" words="" files="" ;;
	provision) flags="--address --app-id --button --camera --contact --country --dns --domain --force --gateway --hostname --lamp --mains --microphone --name --no-questions --ntp --output -o --password-file --qr --qr-terminal --relay --speaker --ssh-key --timezone --update-manifest --user-id --wifi --wifi-hidden --wifi-open --wifi-password-file" words="" files="" ;;
	schema) flags="" words="" files="" ;;
	update) flags="--check --config --json --socket" words="" files="yes" ;;
	licenses) flags="--short" words="" files="" ;;
	completion) flags="" words="bash zsh fish" files="" ;;
	setup) flags="--card --data --no-qr --run --template --user" words="" files="" ;;
	status) flags="--config --json --socket" words="" files="" ;;
	events) flags="--config --socket" words="" files="" ;;
	version) flags="--json" words="" files="" ;;
	help) flags="" words="run check-config devices selftest press relay call accept reject stop mute unmute provision schema update licenses completion setup status events version help" files="" ;;
	esac
	case "$command $previous" in
	" --config" | " --socket") flags="" words="" files=yes ;;
	"run --config") flags="" words="" files=yes ;;
	"run --set") return ;;
	"check-config --config") flags="" words="" files=yes ;;
	"check-config --set") return ;;
	"devices --config") flags="" words="" files=yes ;;
	"selftest --config") flags="" words="" files=yes ;;
	"selftest --picture" | "selftest --wait") return ;;
	"press --config" | "press --socket") flags="" words="" files=yes ;;
	"relay --config" | "relay --socket") flags="" words="" files=yes ;;
	"call --config" | "call --socket") flags="" words="" files=yes ;;
	"call --bandwidth" | "call --ext") return ;;
	"accept --config" | "accept --socket") flags="" words="" files=yes ;;
	"accept --ext") return ;;
	"reject --config" | "reject --socket") flags="" words="" files=yes ;;
	"reject --ext") return ;;
	"stop --config" | "stop --socket") flags="" words="" files=yes ;;
	"stop --ext") return ;;
	"mute --config" | "mute --socket") flags="" words="" files=yes ;;
	"unmute --config" | "unmute --socket") flags="" words="" files=yes ;;
	"provision --output" | "provision --password-file" | "provision --qr" | "provision --ssh-key" | "provision --wifi-password-file") flags="" words="" files=yes ;;
	"provision --address" | "provision --app-id" | "provision --button" | "provision --camera" | "provision --contact" | "provision --country" | "provision --dns" | "provision --domain" | "provision --gateway" | "provision --hostname" | "provision --lamp" | "provision --mains" | "provision --microphone" | "provision --name" | "provision --ntp" | "provision --relay" | "provision --speaker" | "provision --timezone" | "provision --update-manifest" | "provision --user-id" | "provision --wifi") return ;;
	"update --config" | "update --socket") flags="" words="" files=yes ;;
	"setup --card" | "setup --data" | "setup --run" | "setup --template") flags="" words="" files=yes ;;
	"setup --user") return ;;
	"status --config" | "status --socket") flags="" words="" files=yes ;;
	"events --config" | "events --socket") flags="" words="" files=yes ;;
	esac
	case $current in
	-*) mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current") ;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; [ -z "$files" ] || compgen -f -- "$current")
		;;
	esac
}
complete -o filenames -F _intercomd intercomd
