package main

// installCommands are those for installers and for the system around the
// program.
func installCommands() []command {
	return []command{
		{
			name: "licenses", short: "print the licenses of what is linked", setup: setupLicenses,
			long: `Prints the licenses of all that the program contains.`,
		},
		{
			name: "completion", args: "SHELL", short: "complete command lines", minArgs: 1, maxArgs: 1,
			setup: setupCompletion,
			long: `Prints the completion for bash, zsh or fish, for example for
source <(intercomd completion bash).`,
		},
	}
}
