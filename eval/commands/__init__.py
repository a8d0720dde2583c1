"""The commands of `policyqa eval`, one file each: `add_arguments(parser)` and `run(args, settings) -> exit code`."""
